import { parse as parseDomain } from 'tldts'
import { z } from 'zod'

const loopback = new Set(['127.0.0.1', '[::1]', '0.0.0.0'])

/** Why a text is no origin that WebAuthn could use, or null if it is one (http-api.md §1.5). */
export function originProblem(text: string): string | null {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'must be an origin such as https://app.example.com'
  }
  if (loopback.has(url.hostname)) return 'must use the name localhost: browsers refuse passkeys on IP addresses'
  if (url.protocol === 'http:' && url.hostname !== 'localhost') return 'must be https, or http://localhost:<port>'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must be https, or http://localhost:<port>'
  if (url.username || url.password) return 'must not hold a user name or password'
  if (url.hostname.includes('*')) return 'must name one host, without *'
  if (/^\[|^\d+(\.\d+){3}$/.test(url.hostname)) return 'must be a host name: browsers refuse passkeys on IP addresses'
  if (url.hostname.endsWith('.')) return 'must not end in a dot'
  // Stored as the origin, compared exactly: whatever differs from it (path, query, case, trailing slash) is refused.
  if (url.origin !== text) return `must be scheme, host and port only: ${url.origin}`
  return null
}

/** An exact origin: scheme, host, port. */
export const Origin = z
  .string()
  .max(255, 'must be at most 255 characters')
  .superRefine((value, issues) => {
    const problem = originProblem(value)
    if (problem) issues.addIssue({ code: 'custom', message: problem })
  })
  .meta({ examples: ['https://app.example.com'] })

/** The host of an origin: the RP ID when an application sets none (WebAuthn L3 §5.1.2). */
export const hostOf = (origin: string): string => new URL(origin).hostname

/** Whether `rpId` is the host itself or a registrable suffix of it, and no public suffix (WebAuthn L3 §5.1.3 step 8). */
export function isRegistrableSuffix(rpId: string, host: string): boolean {
  if (rpId === host) return true
  if (!host.endsWith(`.${rpId}`)) return false
  const domain = parseDomain(rpId, { allowPrivateDomains: true })
  return domain.domain !== null
}

/** Whether a text can be an RP ID at all: a lower-case domain name that is no public suffix and no IP address. */
export function rpIdProblem(rpId: string): string | null {
  if (rpId === 'localhost') return null
  const parsed = parseDomain(rpId, { allowPrivateDomains: true })
  if (parsed.isIp || parsed.hostname !== rpId) return 'must be a domain name in lower case'
  if (parsed.domain === null) return 'must not be a public suffix'
  return null
}
