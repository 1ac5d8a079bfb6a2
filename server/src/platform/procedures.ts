import { initTRPC, TRPCError } from '@trpc/server'
import type { OpenApiMeta } from 'trpc-to-openapi'
import type { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import type { PolicyName } from '../policies.ts'
import { addressKey } from './address.ts'
import { authenticate } from './authenticate.ts'
import { authorize } from './authorize.ts'
import { type BatchDefinition, type BatchRules, isLines, type Lines, runBatches } from './batches.ts'
import type { BrowserPage } from './browser-page.ts'
import type { Ctx, RequestContext } from './context.ts'
import { isDatabaseAway } from './db.ts'
import { ApiError } from './errors.ts'
import { type ExportDefinition, type ExportRules, formatOf, startExport } from './exports.ts'
import { checkKey, find, hashRequest, type IdempotencyScope, replay } from './idempotency.ts'
import { applyLimits } from './limit-stages.ts'
import './messages.ts'
import { type AuthKind, anonymous, type Principal, type PrincipalFor } from './principal.ts'
import { toApiError } from './public-error.ts'
import { SYSTEM_TENANT, writeTrail } from './trail.ts'
import { unitOfWork } from './unit-of-work.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type Dialect = 'envelope' | 'plain' | 'oauth' | 'document'

/** Everything that is true of an endpoint but its function; surfaces read it, nothing else decides it. */
export type Endpoint = {
  /** Method and path template; the REST route. */
  rest: `${Method} /${string}`
  /** Success status; 200 unless said. 204 sends no body. */
  status?: 200 | 201 | 202 | 204
  /** Answers browsers too, on the origins in MCP_ALLOWED_ORIGINS. */
  browsers?: 'listed'
  /** A success other than 204 without a body, where a standard asks for that (RFC 7009 §2.2). */
  empty?: boolean
  /** How answers look on REST (http-api.md §2.1); `envelope` unless said. */
  dialect?: Dialect
  /** Who may call. No default. */
  auth: AuthKind | readonly AuthKind[]
  /** Row of the policy table that decides who may call. No default. */
  policy: PolicyName
  /** Scope that a program needs. */
  scope?: string
  /** Rows of the limits table that this endpoint counts on; stated even when none. */
  limit: readonly string[]
  /** Accepts `Idempotency-Key`, counted by application, or by address where nobody is signed in. */
  idempotent?: 'application' | 'address'
  /** Audit events that it may write. */
  audits: readonly string[]
  /** Codes that it may answer beside the generic ones. */
  errors: readonly ErrorCode[]
  /** One sentence: OpenAPI summary, SDK doc comment, MCP description. */
  summary: string
  /** Further prose for the document. */
  description?: string
  /** Becomes an MCP tool; `destructive` where a POST takes something away, as DELETE always does. */
  mcp?: boolean | 'destructive'
  /** List shape, for the SDK's iterators. */
  list?: 'cursor' | 'page'
  /** The list can also be had in one go, with `format` in the query. */
  exports?: ExportRules
  /** The body may also be streamed, one item a line (NDJSON). */
  batches?: BatchRules
  /** What browsers get at this address; a command may be a GET only with one. It also takes the page's form as its body. */
  page?: BrowserPage
  /** The body may also be an array, which is then this member of the input; its signature is the guard's to check. */
  signedArray?: string
  /** Bytes of a body; 64 KiB unless said. */
  maxBodyBytes?: number
  /** Authenticates clients by itself, and takes a secret key as well. */
  keys?: true
  /** Headers that it may set beside those that tell of the caller, of limits and of replays. */
  sets?: readonly ('Set-Cookie' | 'Clear-Site-Data')[]
  /** The answer holds a secret or token: never cached, replays encrypted at rest. */
  secret?: boolean
  /**
   * `raw`: the transaction is opened on the driver and the service has `ctx.sql` only. `statement`: the service does its
   * work in single statements, each its own transaction. Left out: a Prisma transaction.
   */
  hot?: 'raw' | 'statement'
}

type Kinds<A> = A extends readonly (infer K)[] ? K : A
type PrincipalOf<A> = PrincipalFor<Extract<Kinds<A>, AuthKind>>

type Definition<A, I extends z.ZodObject, O extends z.ZodType> = Endpoint & {
  auth: A
  input: I
  output: O
  /** Refusals that come before the limits of stage `input` are counted; nothing it does is kept. */
  guard?: (ctx: Ctx<PrincipalOf<A>>, input: z.output<I>) => Promise<void>
  run: (ctx: Ctx<PrincipalOf<A>>, input: z.output<I>) => Promise<z.input<O>>
}

export type Meta = OpenApiMeta<{ endpoint: Endpoint }>

const t = initTRPC
  .context<RequestContext>()
  .meta<Meta>()
  .create({
    // `/trpc` callers switch over the same codes as everybody else; no stack ever leaves.
    errorFormatter({ shape, error }) {
      const { errorCode: code, message, status: httpStatus, details, hint } = toApiError(error)
      return { ...shape, message, data: { code, httpStatus, details, hint } }
    },
  })

/** Nests records into a router; keys are the product's words, and their path is the operation's only name. */
export const router = t.router

function openapi(endpoint: Endpoint): NonNullable<Meta['openapi']> {
  const [method, path] = endpoint.rest.split(' ') as [Method, `/${string}`]
  return { method, path, summary: endpoint.summary, description: endpoint.description ?? endpoint.summary }
}

function begin(request: RequestContext, operation: string): Ctx {
  const { database, clock } = request.deps
  return {
    ...request,
    operation,
    principal: anonymous,
    db: database.prisma,
    sql: database.sql,
    now: clock,
    trail: [],
    touched: [],
    afterCommit: [],
    subjectUserId: null,
  }
}

/** limit by address → authenticate → limit by principal → authorize. No credential is a 401 before validation. */
async function passGates(ctx: Ctx, endpoint: Endpoint, kinds: readonly AuthKind[], write: boolean): Promise<void> {
  await applyLimits(ctx, endpoint, 'address', write, undefined)
  ctx.principal = await authenticate(ctx, kinds)
  const { tenantId } = ctx.principal
  if (tenantId) {
    ctx.response.tenantId = tenantId
    ctx.deps.activity.touch(tenantId)
  }
  await applyLimits(ctx, endpoint, 'principal', write, undefined)
  await authorize(ctx, endpoint)
}

/** An end user's keys are that user's own: they neither replay nor block those of the backend or of another user. */
const credentialScope = (principal: Principal): string => {
  if (principal.kind === 'end_user') return `${principal.applicationId} ${principal.id}`
  return principal.applicationId ?? ('accountId' in principal ? principal.accountId : '')
}

/**
 * Who gets an answer with a secret again: the caller that it was made for, with the rights it had. Another one of the account
 * would get a secret that it may not make.
 */
function secretFor(principal: Principal): readonly string[] {
  if (principal.kind !== 'agent') return [principal.kind, principal.id ?? '']
  return [principal.kind, principal.id, principal.keyId ?? '', ...[...principal.scopes].sort()]
}

function idempotencyScope(ctx: Ctx, endpoint: Endpoint, input: unknown, part?: number): IdempotencyScope | null {
  const key = ctx.request.idempotencyKey
  if (!endpoint.idempotent || key === null) return null
  const byAddress = endpoint.idempotent === 'address'
  return {
    tenantId: ctx.principal.tenantId ?? SYSTEM_TENANT,
    scope: byAddress ? addressKey(ctx.request.ip) : credentialScope(ctx.principal),
    operation: part ? `${ctx.operation}#${part}` : ctx.operation,
    key: checkKey(key, byAddress ? 16 : 1),
    requestHash: hashRequest(endpoint.secret && !byAddress ? { input, caller: secretFor(ctx.principal) } : input),
    ttlSeconds: byAddress ? 600 : 86_400,
    status: endpoint.status ?? 200,
    secret: endpoint.secret ?? false,
  }
}

/** What an operation is executed with: the parsed input, the input as it was sent, or a streamed body in its place. */
type Sent = { input: unknown; raw: unknown } | { lines: Lines }

type Execute<O> = (ctx: Ctx, sent: Sent) => Promise<O>

/**
 * Makes the procedure. The whole pipeline is one middleware that answers by itself: `input` and `output` stand behind it
 * for the types and for whoever reflects, and are parsed here, once. Measured, each further tRPC middleware costs a
 * request 4 µs of copying; and where `next()` is not called, its failures cannot be mistaken for results.
 */
function build<I extends z.ZodObject, O extends z.ZodType>(
  endpoint: Endpoint,
  input: I,
  output: O,
  execute: Execute<unknown>,
) {
  const kinds: readonly AuthKind[] = typeof endpoint.auth === 'string' ? [endpoint.auth] : endpoint.auth
  const write = !endpoint.rest.startsWith('GET ')
  return t.procedure
    .meta({ openapi: openapi(endpoint), endpoint })
    .use(async ({ ctx: request, path, getRawInput }) => {
      const ctx = begin(request, path)
      await passGates(ctx, endpoint, kinds, write)
      const raw = await getRawInput()
      let sent: Sent
      if (isLines(raw)) sent = { lines: raw }
      else {
        const parsed = input.safeParse(raw)
        if (!parsed.success) throw new TRPCError({ code: 'BAD_REQUEST', cause: parsed.error })
        sent = { input: parsed.data, raw }
      }
      return { ok: true, data: await execute(ctx, sent), marker: 'middlewareMarker' } as never
    })
    .input(input)
    .output(output)
}

const answeredEarlier = (): never => {
  throw new Error('the pipeline answers before the resolver')
}

/** Builds an operation that changes nothing: no transaction, the pool's handles. */
export function query<const A extends AuthKind | readonly AuthKind[], I extends z.ZodObject, O extends z.ZodType>(
  definition: Definition<A, I, O> & { exports?: ExportDefinition<Ctx<PrincipalOf<A>>, z.output<I>> },
) {
  const { input, output, run, guard, ...endpoint } = definition
  const { exports } = endpoint
  return build(endpoint, input, output, async (ctx, sent) => {
    if ('lines' in sent) throw new Error('a query takes no streamed body')
    const call = ctx as Ctx<PrincipalOf<A>>
    const value = sent.input as z.output<I>
    await guard?.(call, value)
    await applyLimits(call, endpoint, 'input', false, value)
    const format = exports && formatOf(value)
    if (exports && format) return startExport(call, exports, value, sent.raw, format)
    try {
      return output.parse(await run(call, value))
    } finally {
      // Denials are recorded although a query has no transaction.
      if (call.trail.length > 0) await writeTrail(call, call.sql)
    }
  }).query(answeredEarlier)
}

/** Builds an operation that changes something, in exactly one transaction. */
export function command<const A extends AuthKind | readonly AuthKind[], I extends z.ZodObject, O extends z.ZodType>(
  definition: Definition<A, I, O> & { batches?: BatchDefinition<z.output<O>> },
) {
  const { input, output, run, guard, ...endpoint } = definition
  const { batches } = endpoint
  const kind = endpoint.hot ?? 'prisma'

  /**
   * @param part number of the batch of a streamed body, each of which is remembered under the key on its own; the first
   *   stands where a body in one piece does, so that the one is not taken for the other
   */
  async function runOnce(call: Ctx<PrincipalOf<A>>, value: z.output<I>, part?: number): Promise<z.output<O>> {
    const scope = idempotencyScope(call, endpoint, value, part)
    // A replay must not cost an address its hourly call, so it is looked for before the limits.
    const earlier = scope && endpoint.idempotent === 'address' ? await find(call, scope) : null
    if (scope && earlier) return replay(call, scope, earlier) as z.output<O>
    await guard?.(call, value)
    const refund = await applyLimits(call, endpoint, 'input', true, value)
    try {
      // The output is checked inside: a wrong shape rolls back instead of committing and then failing.
      return await unitOfWork(call, kind, scope, async (tx) =>
        output.parse(await run(tx as Ctx<PrincipalOf<A>>, value)),
      )
    } catch (error) {
      if (error instanceof ApiError) await refund(error.errorCode)
      else if (isDatabaseAway(error)) await refund('service_unavailable')
      throw error
    }
  }

  return build(endpoint, input, output, async (ctx, sent) => {
    const call = ctx as Ctx<PrincipalOf<A>>
    if (!('lines' in sent)) return runOnce(call, sent.input as z.output<I>)
    if (!batches) throw new ApiError('unsupported_media_type')
    const runPart = (value: object, part: number) =>
      runOnce({ ...call, trail: [], touched: [], afterCommit: [], subjectUserId: null }, value as z.output<I>, part)
    return runBatches(batches, sent.lines, runPart, call.deps.log)
  }).mutation(answeredEarlier)
}
