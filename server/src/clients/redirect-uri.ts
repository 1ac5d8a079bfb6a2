import { isIP } from 'node:net'

/** Hosts of the machine that the browser runs on (RFC 8252 §7.3). */
const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))

// What a browser would skip or read as something else: spaces, control characters, backslashes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to refuse
const treacherous = /[\u0000-\u0020\u007f\\]/

/** Private-use schemes are reversed domain names (RFC 8252 §7.1); a dot keeps `javascript:` and its like out. */
const privateScheme = /^[a-z][a-z0-9+-]*\.[a-z0-9+.-]+:$/

/**
 * What is wrong with a redirect URI, or null (agents.md §9.2; security 205): `https`, `http` to the loop-back interface, or a
 * private-use scheme with a dot; no fragment, no user info.
 */
export function redirectUriProblem(text: string): string | null {
  if (text.length > 2000 || treacherous.test(text) || !URL.canParse(text)) return 'must be an absolute URI'
  const url = new URL(text)
  if (url.hash !== '' || text.includes('#')) return 'must have no fragment'
  if (url.username !== '' || url.password !== '') return 'must have no user info'
  // Upper case in a scheme is how filters are passed.
  if (!text.startsWith(url.protocol)) return 'must have a scheme in lower case'
  if (url.protocol === 'https:') return null
  if (url.protocol === 'http:') return isLoopback(url) ? null : 'must be https, or http on a loop-back host'
  return privateScheme.test(url.protocol) ? null : 'must be https, loop-back http, or a private-use scheme with a dot'
}

/** Whether any program of the machine could take the answer: such a client may be anybody. */
export const isLoopbackRedirect = (text: string): boolean => text.startsWith('http://') && isLoopback(new URL(text))

/** The host that the browser is sent to, as the consent page shows it. */
export function redirectHost(text: string): string {
  const { host, protocol } = new URL(text)
  return host === '' || (protocol !== 'https:' && protocol !== 'http:') ? protocol.slice(0, -1) : host
}

const withoutPort = (text: string): string => {
  const url = new URL(text)
  url.port = ''
  return url.href
}

/**
 * Whether a request's redirect URI is one that the client registered: the exact string, but for the port of a loop-back
 * redirect, which a native application takes as it comes (RFC 8252 §7.3; RFC 9700 §2.1).
 */
export function matchesRedirect(registered: readonly string[], asked: string): boolean {
  if (registered.includes(asked)) return true
  if (redirectUriProblem(asked) !== null || !isLoopbackRedirect(asked)) return false
  return registered.some((known) => isLoopbackRedirect(known) && withoutPort(known) === withoutPort(asked))
}
