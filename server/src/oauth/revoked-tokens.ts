import { type Cache, type Caches, touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import type { Claims } from '../platform/jwt.ts'
import { addSeconds, type Clock, fromMillis } from '../platform/time.ts'
import { accessTokenTtlSeconds } from './access-token.ts'

/** The tokens of a client that were revoked before their time, by `jti`; null: none, which is what almost every client has. */
export type RevokedTokens = Cache<ReadonlySet<string>>

/** One cached set for each client, so that a call costs no query and a revocation reloads nothing of anybody else. */
export const createRevokedTokens = (caches: Caches, sql: Sql, clock: Clock): RevokedTokens =>
  caches.create('revoked_token', {
    async load(clientId) {
      const rows = await sql.query<{ jti: string }>(
        'select jti from revoked_tokens where client_id = $1 and expires_at > $2',
        [clientId, clock()],
      )
      return rows.length === 0 ? null : new Set(rows.map(({ jti }) => jti))
    },
  })

/**
 * Ends an access token before its time, on every instance within a second (RFC 7009 §2).
 * @returns whether it was this call that ended it
 */
export async function revokeAccessToken(ctx: Ctx, claims: Claims & { client_id: string }): Promise<boolean> {
  const made = await ctx.sql.query(
    `insert into revoked_tokens (jti, client_id, expires_at) values ($1::uuid, $2, $3) on conflict do nothing returning jti`,
    [claims.jti, claims.client_id, fromMillis(claims.exp * 1000)],
  )
  if (made.length > 0) await touch(ctx, 'revoked_token', claims.client_id)
  return made.length > 0
}

const lockFamily = (ctx: Ctx, familyId: string) =>
  ctx.sql.query('select pg_advisory_xact_lock(hashtextextended($1::text, 0))::text', [`family ${familyId}`])

/**
 * Makes whoever uses a refresh token wait for others of its family, before the row is locked: two who show old ones would
 * each hold what the other is about to delete.
 */
export async function lockFamilyOf(ctx: Ctx, hash: Buffer): Promise<void> {
  const [row] = await ctx.sql.query<{ family_id: string }>('select family_id from refresh_tokens where hash = $1', [
    hash,
  ])
  if (row) await lockFamily(ctx, row.family_id)
}

/**
 * Ends everything that came of one grant: its refresh tokens at once, its access tokens on every instance within a second
 * (they name their family, and the family is revoked like a token until the last of them has expired).
 * @returns whether a refresh token was left to end
 */
export async function endFamily(ctx: Ctx, familyId: string, clientId: string): Promise<boolean> {
  await lockFamily(ctx, familyId)
  // A rotation under way holds the token that it replaces: once it is through, there is a new one to find.
  const some = 'delete from refresh_tokens where family_id = $1::uuid returning 1'
  let ended = false
  while ((await ctx.sql.query(some, [familyId])).length > 0) ended = true
  await ctx.sql.query(
    'insert into revoked_tokens (jti, client_id, expires_at) values ($1::uuid, $2, $3) on conflict do nothing',
    [familyId, clientId, addSeconds(ctx.now(), accessTokenTtlSeconds)],
  )
  await touch(ctx, 'revoked_token', clientId)
  return ended
}

/** Deletes at most `batch` entries of tokens that have expired by themselves; returns how many. */
export async function purgeRevokedTokens(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from revoked_tokens where jti in (
       select jti from revoked_tokens where expires_at <= $1 order by expires_at limit $2::int) returning 1`,
    [now, batch],
  )
  return gone.length
}
