let token = ''

/** The token behind `#` of an invitation's link, which leaves the address bar and the history with this; empty: there was none. */
export function invitationToken(): string {
  const found = window.location.hash.slice(1)
  if (found) {
    token = found
    window.history.replaceState(null, '', window.location.pathname)
  }
  return token
}
