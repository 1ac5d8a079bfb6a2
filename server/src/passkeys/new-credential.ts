import type { Ctx } from '../platform/context.ts'
import { mint } from '../platform/ids.ts'
import type { EndUser, Publishable } from '../platform/principal.ts'
import { encodeBase64Url } from './base64url.ts'
import type { RegisteredCredential } from './registration-response.ts'

export type NewCredential = { userId: string; rpId: string; alias: string | null; made: RegisteredCredential }

/**
 * Stores a passkey, in the caller's transaction. One RP ID has one namespace of credential ids, whoever's application
 * uses it: the directory's key decides, however many arrive at once (security 50, 51).
 * @returns our id, or null when the credential id is known at this RP
 */
export async function insertCredential(
  ctx: Ctx<Publishable | EndUser>,
  { userId, rpId, alias, made }: NewCredential,
): Promise<string | null> {
  const { tenantId, applicationId } = ctx.principal
  const id = mint('cred')
  const key = `${rpId}:${encodeBase64Url(made.webauthnId)}`
  const free = await ctx.sql.query(
    `insert into directory (kind, key, tenant_id, id) values ('webauthn', $1, $2, $3) on conflict do nothing returning id`,
    [key, tenantId, id],
  )
  if (free.length === 0) return null
  await ctx.sql.query(
    `insert into credentials (tenant_id, id, application_id, user_id, webauthn_id, rp_id, public_key, algorithm, sign_count, transports,
       aaguid, attestation_type, attachment, backup_eligible, backup_state, uv_initialized, discoverable, extensions,
       attestation_object, client_data_json, alias, status, created_at)
     values ($1, $2, $3, $4::uuid, $5, $6, $7, $8, $9, $10::text[], $11::uuid, $12, $13, $14, $15, $16, $17, $18::jsonb, $19, $20, $21, 'active', $22)`,
    [
      tenantId,
      id,
      applicationId,
      userId,
      made.webauthnId,
      rpId,
      made.publicKey,
      made.algorithm,
      made.signCount,
      made.transports,
      made.aaguid,
      made.attestationType,
      made.attachment,
      made.backupEligible,
      made.backupState,
      made.userVerified,
      made.discoverable,
      JSON.stringify(made.extensions),
      made.attestationObject,
      made.clientDataJson,
      alias,
      ctx.now(),
    ],
  )
  return id
}
