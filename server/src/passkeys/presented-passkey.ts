import type { Ctx } from '../platform/context.ts'
import type { Publishable } from '../platform/principal.ts'
import { decodeBase64Url } from './base64url.ts'
import { type SignedInRow, signedInColumns } from './signed-in-user.ts'

/** A stored passkey, with what its user's state says about signing in. */
export type PasskeyRow = SignedInRow & {
  id: string
  webauthn_id: Uint8Array
  public_key: Uint8Array<ArrayBuffer>
  algorithm: number
  sign_count: number
  backup_eligible: boolean
  status: string
  user_status: string
  locked_until: Date | null
  has_failures: boolean
}

/** The passkey that a response names, in the namespace of an RP ID within the application; null when there is none. */
export async function findPasskey(ctx: Ctx<Publishable>, rpId: string, id: string): Promise<PasskeyRow | null> {
  const webauthnId = decodeBase64Url(id)
  if (!webauthnId) return null
  const [row] = await ctx.sql.query<PasskeyRow>(
    `select c.id, c.webauthn_id, c.public_key, c.algorithm, c.sign_count, c.backup_eligible, c.status,
            u.status as user_status, u.locked_until, (u.soft_failures > 0 or u.hard_failures > 0) as has_failures,
            ${signedInColumns}
     from credentials c join users u on u.tenant_id = c.tenant_id and u.id = c.user_id
     where c.tenant_id = $1 and c.application_id = $2 and c.rp_id = $3 and c.webauthn_id = $4`,
    [ctx.principal.tenantId, ctx.principal.applicationId, rpId, webauthnId],
  )
  return row ?? null
}

export type Objection = 'unknown_credential' | 'credential_not_offered' | 'credential_revoked' | 'user_disabled'

/**
 * Why a passkey may not sign in here, or null; every reason answers like an unknown passkey (security 62, 63). Nor does it
 * count toward lockout: nothing is evaluated, and a passkey that was revoked must not lock its former user out.
 */
export function objectionTo(found: PasskeyRow | null, id: string, allowed: readonly string[] | null): Objection | null {
  if (!found) return 'unknown_credential'
  if (allowed && !allowed.includes(id)) return 'credential_not_offered'
  if (found.status !== 'active') return 'credential_revoked'
  if (found.user_status === 'disabled') return 'user_disabled'
  return null
}
