let token = ''

/**
 * The token behind `#` of a mailed link, which leaves the address bar and the history with this; kept for as long as the
 * page is open, also while somebody signs in first. Empty: there was none.
 */
export function linkToken(): string {
  const found = window.location.hash.slice(1).replace(/^token=/, '')
  if (found) {
    token = found
    window.history.replaceState(null, '', window.location.pathname)
  }
  return token
}
