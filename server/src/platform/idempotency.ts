import { createHash } from 'node:crypto'
import type { ErrorCode } from '../errors.ts'
import type { Ctx } from './context.ts'
import type { Sql } from './db.ts'
import { ApiError, type ErrorDetails, invalid } from './errors.ts'
import { addSeconds } from './time.ts'

/** Where a key counts, what it must match, and how its answer is kept (http-api.md §2.5). */
export type IdempotencyScope = {
  tenantId: string
  scope: string
  operation: string
  key: string
  requestHash: Buffer
  ttlSeconds: number
  status: number
  /** The answer holds a secret: it is encrypted at rest. */
  secret: boolean
}

export type Claim = { request_hash: Uint8Array; status: number; body: Uint8Array }

type StoredError = { code: ErrorCode; message: string; details?: ErrorDetails; hint?: string }

const aad = (scope: IdempotencyScope) => `idempotency:${scope.tenantId}:${scope.operation}:${scope.key}`

/** @throws 400 naming the header unless the key is `min` to 255 printable ASCII characters */
export function checkKey(key: string, min = 1): string {
  if (key.length < min || key.length > 255 || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(key)) {
    throw invalid('Idempotency-Key', `must be ${min} to 255 printable ASCII characters`)
  }
  return key
}

/** Hash of what a replay must equal: the whole input (path, query and body), independent of the order of members. */
export function hashRequest(input: unknown): Buffer {
  const canonical = JSON.stringify(input, (_, value: unknown) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
  return createHash('sha256')
    .update(canonical ?? 'null')
    .digest()
}

/** Kept are answers and decisions; not what a caller may repair (400, 401, 403), nor 429, nor faults. */
export const isStorable = (status: number) => status < 500 && ![400, 401, 403, 429].includes(status)

/**
 * First statement of the transaction. A parallel twin waits here, on the unique index, until the first one commits,
 * so there is no state "in progress" to clean up and a crash leaves nothing behind.
 * @returns the stored answer, or null when the key is now ours
 */
export async function claim(ctx: Ctx, scope: IdempotencyScope): Promise<Claim | null> {
  const now = ctx.now()
  const values = [
    scope.tenantId,
    scope.scope,
    scope.operation,
    scope.key,
    scope.requestHash,
    now,
    addSeconds(now, scope.ttlSeconds),
  ]
  const inserted = await ctx.sql.query(
    `insert into idempotency_records as r (tenant_id, scope, operation, key, request_hash, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (tenant_id, scope, operation, key) do update
       set request_hash = excluded.request_hash, status = null, body = null, user_id = null,
           created_at = excluded.created_at, expires_at = excluded.expires_at
       where r.expires_at <= $6
     returning key`,
    values,
  )
  if (inserted.length > 0) return null
  return find(ctx, scope)
}

/** The stored answer of an earlier request, if there is one that has not expired. */
export async function find(ctx: Ctx, scope: IdempotencyScope): Promise<Claim | null> {
  const [row] = await ctx.sql.query<Claim>(
    `select request_hash, status, body from idempotency_records
     where tenant_id = $1 and scope = $2 and operation = $3 and key = $4 and status is not null and expires_at > $5`,
    [scope.tenantId, scope.scope, scope.operation, scope.key, ctx.now()],
  )
  return row ?? null
}

/** Keeps the decided answer in the row that `claim` made. */
export async function store(
  ctx: Ctx,
  scope: IdempotencyScope,
  outcome: { data: unknown } | { refusal: ApiError },
): Promise<void> {
  const failed = 'refusal' in outcome
  const body = failed
    ? ({
        code: outcome.refusal.errorCode,
        message: outcome.refusal.message,
        details: outcome.refusal.details,
        hint: outcome.refusal.hint,
      } satisfies StoredError)
    : outcome.data
  const text = JSON.stringify(body ?? null)
  await ctx.sql.query(
    `update idempotency_records set status = $5, body = $6, user_id = $7::uuid
     where tenant_id = $1 and scope = $2 and operation = $3 and key = $4`,
    [
      scope.tenantId,
      scope.scope,
      scope.operation,
      scope.key,
      failed ? outcome.refusal.status : scope.status,
      scope.secret ? ctx.deps.secrets.encrypt(text, aad(scope)) : Buffer.from(text),
      ctx.subjectUserId,
    ],
  )
}

/** Gives a claimed key back after a refusal that its caller may repair: the same key may be sent again. */
export async function release(ctx: Ctx, scope: IdempotencyScope): Promise<void> {
  await ctx.sql.query(
    'delete from idempotency_records where tenant_id = $1 and scope = $2 and operation = $3 and key = $4',
    [scope.tenantId, scope.scope, scope.operation, scope.key],
  )
}

/**
 * The stored answer again, marked as such.
 * @throws 422 idempotency_key_reused when the request differs; the stored error when that was the answer
 */
export function replay(ctx: Ctx, scope: IdempotencyScope, stored: Claim): unknown {
  if (!scope.requestHash.equals(stored.request_hash)) throw new ApiError('idempotency_key_reused')
  ctx.response.headers['idempotent-replayed'] = 'true'
  const bytes = Buffer.from(stored.body)
  const body: unknown = JSON.parse(
    scope.secret ? ctx.deps.secrets.decrypt(bytes, aad(scope)).toString() : bytes.toString(),
  )
  // What has no body was stored as null.
  if (stored.status < 400) return body ?? undefined
  const { code, ...rest } = body as StoredError
  throw new ApiError(code, rest)
}

/** Deletes at most `batch` records whose time is over; returns how many. */
export async function purgeExpiredIdempotency(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from idempotency_records where (tenant_id, scope, operation, key) in (
       select tenant_id, scope, operation, key from idempotency_records where expires_at <= $1 limit $2::int) returning 1`,
    [now, batch],
  )
  return gone.length
}
