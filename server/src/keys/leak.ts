import { addressOf } from '../accounts/people.ts'
import { record } from '../audit/record.ts'
import { leakedMail } from '../mails/leaked.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import { queueMail } from '../platform/mail.ts'
import { hasValidChecksum, preview } from '../platform/secrets.ts'
import { endKeys, homeOf } from './end.ts'

export type Leak = {
  token: string
  /** Who says so: `possession`, whoever holds it; `partner`, with a signature. */
  by: 'possession' | 'partner'
  /** Where it was found, as the report says. */
  url: string | null
}

type Lost = { kind: 'secret key' | 'client secret'; name: string; keyPreview: string }

async function tellOwners(ctx: Ctx, accountId: string, { url }: Leak, { kind, name, keyPreview }: Lost): Promise<void> {
  const owners = await ctx.sql.query<{ person_id: string }>(
    `select person_id from members where account_id = $1 and role = 'owner' order by created_at limit 20`,
    [accountId],
  )
  const letter = leakedMail(ctx.deps.config, { kind, name, preview: keyPreview, source: url, at: ctx.now() })
  for (const { person_id } of owners) {
    const to = await addressOf(ctx, person_id)
    if (to !== null) await queueMail(ctx, { to, ...letter })
  }
}

/** Whether it was one of ours that ended some time ago. */
async function wasOurs({ sql, deps }: Ctx, kind: 'secret_key' | 'client_secret', token: string): Promise<boolean> {
  const key = deps.secrets.hash(token).toString('hex')
  const found = await sql.query('select 1 from tombstones where kind = $1 and key = $2', [kind, key])
  return found.length > 0
}

async function endLeakedKey(ctx: Ctx, leak: Leak): Promise<boolean> {
  const [found] = await ctx.sql.query<{ account_id: string; key_id: string; expires_at: Date | null }>(
    'select account_id, key_id, expires_at from secret_key_versions where hash = $1',
    [ctx.deps.secrets.hash(leak.token)],
  )
  if (!found) return wasOurs(ctx, 'secret_key', leak.token)
  const { account_id: accountId, key_id, expires_at: replacedAt } = found
  // Whoever replaced it without overlap has dealt with the leak: what took its place did not leak.
  if (replacedAt && replacedAt <= ctx.now()) return true
  const [ended] = await endKeys(ctx, { accountId, reason: 'leak_report' }, { where: 'k.id = $4', values: [key_id] })
  if (!ended) return true
  const keyPreview = preview(leak.token as `tm_key_${string}`)
  const home = await homeOf(ctx, accountId)
  record(ctx, 'secret_key.leak_reported', {
    ...(home === null ? {} : { tenantId: home }),
    applicationId: null,
    metadata: { secret_key_id: key_id, key_preview: keyPreview, reported_by: leak.by, url: leak.url },
  })
  await tellOwners(ctx, accountId, leak, { kind: 'secret key', name: ended.name, keyPreview })
  return true
}

type Application = { tenant_id: string; application_id: string; client_id: string; name: string; account_id: string }

async function endLeakedClientSecret(ctx: Ctx, leak: Leak): Promise<boolean> {
  const hash = ctx.deps.secrets.hash(leak.token)
  const [known] = await ctx.sql.query('select 1 from client_secrets where hash = $1', [hash])
  if (!known) return wasOurs(ctx, 'client_secret', leak.token)
  const [ended] = await ctx.sql.query<Application>(
    `update client_secrets s set expires_at = $2
     from applications a join tenants t on t.id = a.tenant_id
     where s.hash = $1 and (s.expires_at is null or s.expires_at > $2)
       and a.tenant_id = s.tenant_id and a.id = s.application_id
     returning s.tenant_id, s.application_id, a.client_id, a.name, t.account_id`,
    [hash, ctx.now()],
  )
  if (!ended) return true
  const keyPreview = preview(leak.token as `sec_${string}`)
  await touch(ctx, 'client', ended.client_id)
  record(ctx, 'secret_key.leak_reported', {
    tenantId: ended.tenant_id,
    applicationId: ended.application_id,
    metadata: { client_id: ended.client_id, key_preview: keyPreview, reported_by: leak.by, url: leak.url },
  })
  await tellOwners(ctx, ended.account_id, leak, { kind: 'client secret', name: ended.name, keyPreview })
  return true
}

/**
 * Ends a leaked secret key or client secret at once, in the caller's transaction, and mails the owners (agents.md §6). What
 * ended before stays as it is.
 * @returns whether it was ever one of ours
 */
export async function endLeaked(ctx: Ctx, leak: Leak): Promise<boolean> {
  if (hasValidChecksum(leak.token, 'tm_key')) return endLeakedKey(ctx, leak)
  return hasValidChecksum(leak.token, 'sec') && endLeakedClientSecret(ctx, leak)
}
