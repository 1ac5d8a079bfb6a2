import type { Settings } from '../applications/settings.ts'
import { ApiError } from '../platform/errors.ts'

export type Claims = Record<string, string | number | boolean>

/**
 * Checks claims against the application's `custom_claims_schema`: at most 10 keys and 2 KiB, each of its declared type.
 * @param from who sets them: a browser may set only keys marked `client_settable`
 * @throws 400 session_custom_claims_limit_exceeded, session_custom_claim_not_whitelisted
 */
export function checkClaims(claims: Claims, rules: Settings['custom_claims_schema'], from: 'server' | 'client'): void {
  const keys = Object.keys(claims)
  if (keys.length > 10 || Buffer.byteLength(JSON.stringify(claims)) > 2048) {
    throw new ApiError('session_custom_claims_limit_exceeded')
  }
  for (const key of keys) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    if (!rule || typeof claims[key] !== rule.type || (from === 'client' && !rule.client_settable)) {
      throw new ApiError('session_custom_claim_not_whitelisted', {
        message: `custom_claims.${key}: is not allowed by the custom_claims_schema`,
      })
    }
  }
}
