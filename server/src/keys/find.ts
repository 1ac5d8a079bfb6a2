import { z } from 'zod'
import type { Ctx } from '../platform/context.ts'
import type { AccountPrincipal } from '../platform/principal.ts'
import { timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'
import { denied } from '../resources.ts'
import { endOf, idleEndOf } from './life.ts'

/** A secret key as every answer shows it; never the key. */
export const SecretKey = z
  .object({
    key_id: z.string(),
    agent_id: z.string(),
    name: z.string(),
    key_preview: z.string().meta({ description: 'Of the newest version: its first and last 4 characters.' }),
    scopes: z.array(z.string()).meta({ description: '`full_access`, or single scopes.' }),
    application_ids: z.array(z.string()).nullable().meta({ description: 'null: every application of the account.' }),
    allowed_ips: z
      .array(z.string())
      .nullable()
      .meta({ description: 'Addresses and CIDR ranges that it may be used from; null: any.' }),
    created_at: timestamp,
    last_used_at: timestamp.nullable().meta({ description: 'To the minute.' }),
    last_used_ip: z.string().nullable(),
    expires_at: timestamp.nullable().meta({ description: 'null: never, unless it is revoked.' }),
    status: z.enum(['active', 'revoked', 'expired']),
  })
  .meta({ id: 'SecretKey' })

export type KeyRow = {
  account_id: string
  id: string
  agent_id: string
  name: string
  preview: string
  scopes: string[]
  application_ids: string[]
  allowed_ips: string[]
  created_at: Date
  /** When the newest version was made. */
  made_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  last_used_ip: string | null
  revoked_at: Date | null
  revoked_reason: string | null
}

/** For `from secret_keys k`. */
export const keyColumns = `
  k.account_id, k.id, k.agent_id, k.name, k.preview, k.scopes, k.application_ids, k.allowed_ips, k.created_at, k.expires_at,
  k.last_used_at, k.last_used_ip, k.revoked_at, k.revoked_reason,
  coalesce((select max(v.created_at) from secret_key_versions v where v.account_id = k.account_id and v.key_id = k.id),
           k.created_at) as made_at`

/**
 * The applications to which an agent is limited, or null: a person, and an agent of the whole account, see every key. What
 * reaches further than the caller is not in the caller's reach.
 */
export const limitOf = (principal: AccountPrincipal): readonly string[] | null =>
  principal.kind === 'agent' && principal.applicationIds.length > 0 ? principal.applicationIds : null

/** SQL for what is within `limitOf`, given as parameter `at`, of the applications in `column`. */
export const withinLimit = (column: string, at: number): string =>
  `($${at}::text[] is null or (cardinality(${column}) > 0 and ${column} <@ $${at}::text[]))`

/** Whether a key has ended, and how. */
export function statusOf(ctx: Ctx, row: KeyRow): 'active' | 'revoked' | 'expired' {
  if (row.revoked_at) return row.revoked_reason === 'expired' ? 'expired' : 'revoked'
  const { config, keyUse } = ctx.deps
  const written = row.last_used_at ?? row.created_at
  const ends = [
    endOf({ expiresAt: row.expires_at, madeAt: row.made_at }, config),
    idleEndOf(keyUse.lastUse(row.id, written), config),
  ]
  return ends.some((end) => end !== null && end <= ctx.now()) ? 'expired' : 'active'
}

export function presentKey(ctx: Ctx, row: KeyRow): z.input<typeof SecretKey> {
  const end = endOf({ expiresAt: row.expires_at, madeAt: row.made_at }, ctx.deps.config)
  return {
    key_id: row.id,
    agent_id: row.agent_id,
    name: row.name,
    key_preview: row.preview,
    scopes: row.scopes,
    application_ids: row.application_ids.length > 0 ? row.application_ids : null,
    allowed_ips: row.allowed_ips.length > 0 ? row.allowed_ips : null,
    created_at: toIso(row.created_at),
    last_used_at: row.last_used_at && toIso(row.last_used_at),
    last_used_ip: row.last_used_ip,
    expires_at: end && toIso(end),
    status: statusOf(ctx, row),
  }
}

/** One key of the caller's account and within the caller's reach. @throws 404 key_not_found, recorded for its owner */
export async function requireKey(ctx: Ctx<AccountPrincipal>, id: string): Promise<KeyRow> {
  const { accountId } = ctx.principal
  const [row] = await ctx.sql.query<KeyRow>(
    `select ${keyColumns} from secret_keys k
     where k.account_id = $1 and k.id = $2 and ${withinLimit('k.application_ids', 3)}`,
    [accountId, id, limitOf(ctx.principal)],
  )
  if (!row) throw await denied(ctx, 'secret_key', id, 'account')
  return row
}
