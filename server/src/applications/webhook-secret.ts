import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { uuid7 } from '../platform/ids.ts'
import type { Manager } from '../platform/principal.ts'
import { mintWebhookSecret } from '../platform/secrets.ts'
import { addSeconds, toIso } from '../platform/time.ts'
import { requireApplication } from './find.ts'
import { readSettings } from './settings.ts'

/** What the ciphertext is bound to: moved to another row it does not open. */
export const webhookSecretContext = (tenantId: string, applicationId: string, id: string): string =>
  `webhook_secret:${tenantId}:${applicationId}:${id}`

/**
 * Makes a signing secret. Stored encrypted, as the server must read it to sign; shown to the caller here once.
 * @returns `whsec_` and the base64 of 32 bytes
 */
export async function addWebhookSecret(ctx: Ctx, tenantId: string, applicationId: string): Promise<string> {
  const secret = mintWebhookSecret()
  const id = uuid7(ctx.now())
  const sealed = ctx.deps.secrets.encrypt(secret, webhookSecretContext(tenantId, applicationId, id))
  await ctx.db.webhookSecret.create({
    data: { tenantId, applicationId, id, secret: new Uint8Array(sealed), createdAt: ctx.now() },
  })
  return secret
}

/** Whether the application ever had a webhook: its secret outlives a URL that is taken away. */
export async function hasWebhookSecret(ctx: Ctx, tenantId: string, applicationId: string): Promise<boolean> {
  const found = await ctx.db.webhookSecret.findFirst({ where: { tenantId, applicationId }, select: { id: true } })
  return found !== null
}

/**
 * A new signing secret; the one before signs beside it during the grace period, one that was already in its own ends.
 * @throws 404 application_not_found; 409 webhook_not_configured
 */
export async function rotateWebhookSecret(ctx: Ctx<Manager>, input: { id: string; grace_period_seconds: number }) {
  const { tenantId, id, settings } = await requireApplication(ctx, input.id, 'application_change', { lock: true })
  if (readSettings(settings).webhook_url === null) throw new ApiError('webhook_not_configured')
  const expiresAt = addSeconds(ctx.now(), input.grace_period_seconds)
  const ended = input.grace_period_seconds === 0 ? {} : { expiresAt: { not: null } }
  await ctx.db.webhookSecret.deleteMany({ where: { tenantId, applicationId: id, ...ended } })
  await ctx.db.webhookSecret.updateMany({ where: { tenantId, applicationId: id }, data: { expiresAt } })
  const secret = await addWebhookSecret(ctx, tenantId, id)
  const previous_secret_expires_at = toIso(expiresAt)
  record(ctx, 'webhook.secret_rotated', { tenantId, applicationId: id, metadata: { previous_secret_expires_at } })
  return { application_id: id, webhook_signing_secret: secret, previous_secret_expires_at }
}
