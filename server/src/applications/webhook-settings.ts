import ipaddr from 'ipaddr.js'
import { z } from 'zod'

/** What an application may be told by webhook (http-api.md §3.18). */
export const webhookEvents = [
  'auth.success',
  'user.created',
  'user.deleted',
  'user.locked',
  'passkey.registered',
  'credential.revoked',
  'account.recovered',
  'session.revoked',
  'session.logout',
  'identifier.linked',
  'identifier.unlinked',
  'recovery.enrollment.issued',
  'recovery.enrollment.completed',
  'enrollment.completed',
  'application.secret_rotated',
  'webhook.test',
] as const

/** Why a text is no https URL that other people may be sent to, or null if it is one. */
export function httpsUrlProblem(text: string): string | null {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'must be an https URL'
  }
  if (url.protocol !== 'https:') return 'must be an https URL'
  if (url.username || url.password) return 'must not hold a user name or password'
  if (text.includes('#')) return 'must not have a fragment'
  return null
}

/** Whether a URL's host is one that only this server or its network would reach; names are looked at when connecting. */
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  // The URL parser has turned octal, hexadecimal and short spellings into the usual ones (security 199).
  return ipaddr.isValid(host) && ipaddr.parse(host).range() !== 'unicast'
}

/** @returns why a URL may not receive webhooks, or null (security 198, 199) */
export function webhookUrlProblem(text: string): string | null {
  const problem = httpsUrlProblem(text)
  if (problem) return problem
  return isPrivateHost(new URL(text).hostname) ? 'must not be a private or local address' : null
}

/** An https URL that a rule of its own finds nothing wrong with. */
export const httpsUrl = (problemOf: (text: string) => string | null) =>
  z
    .string()
    .max(2000, 'must be at most 2000 characters')
    .superRefine((value, issues) => {
      const problem = problemOf(value)
      if (problem) issues.addIssue({ code: 'custom', message: problem })
    })
    .meta({ format: 'uri' })
