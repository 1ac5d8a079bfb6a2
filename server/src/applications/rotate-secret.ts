import { record } from '../audit/record.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import type { Manager } from '../platform/principal.ts'
import type { Sql } from '../platform/sql.ts'
import { addSeconds, toIso } from '../platform/time.ts'
import { addClientSecret } from '../tenants/new-application.ts'
import { requireApplication } from './find.ts'

/**
 * A new client secret (security 142). The one before works until the end of the grace period; one that was already in its
 * own ends now, so that no more than two live. The application's row is locked: of two rotations at once one comes second
 * and ends what the first replaced. Access tokens live on until they expire: they were granted, not shown.
 * @throws 404 application_not_found
 */
export async function rotateSecret(ctx: Ctx<Manager>, input: { id: string; grace_period_seconds: number }) {
  const { tenantId, id, clientId } = await requireApplication(ctx, input.id, 'secret_rotation', { lock: true })
  const now = ctx.now()
  const expiresAt = addSeconds(now, input.grace_period_seconds)
  await ctx.sql.query(
    `update client_secrets set expires_at = case when expires_at is null then $3 else least(expires_at, $4) end
     where tenant_id = $1 and application_id = $2`,
    [tenantId, id, expiresAt, now],
  )
  const secret = await addClientSecret(ctx, tenantId, id)
  await touch(ctx, 'client', clientId)
  const previous_secret_expires_at = toIso(expiresAt)
  record(ctx, 'application.secret_rotated', {
    tenantId,
    applicationId: id,
    metadata: { client_id: clientId, previous_secret_expires_at },
  })
  return {
    application_id: id,
    client_id: clientId,
    new_client_secret: secret,
    previous_secret_expires_at,
    rotated_at: toIso(now),
  }
}

/**
 * Deletes at most `batch` client secrets past their time, whose hashes stay as tombstones for 30 days, as those of purged
 * tenants do; returns how many.
 */
export async function purgeOldSecrets(sql: Sql, now: Date, batch: number): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `with gone as (
       delete from client_secrets where (tenant_id, application_id, hash) in (
         select tenant_id, application_id, hash from client_secrets where expires_at <= $1 limit $2::int)
       returning hash),
     kept as (
       insert into tombstones (kind, key, reason, created_at)
       select 'client_secret', encode(hash, 'hex'), 'rotated', $1 from gone on conflict do nothing)
     select count(*)::int as n from gone`,
    [now, batch],
  )
  return row?.n ?? 0
}

/** Deletes at most `batch` webhook secrets past their time; returns how many. */
export async function purgeOldWebhookSecrets(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from webhook_secrets where (tenant_id, application_id, id) in (
       select tenant_id, application_id, id from webhook_secrets where expires_at <= $1 limit $2::int) returning 1`,
    [now, batch],
  )
  return gone.length
}
