import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type TestApp, testApp } from '../../test/harness.ts'
import { record } from '../audit/record.ts'
import { encodeError } from '../surfaces/dialects.ts'
import { listOperations } from '../surfaces/operations.ts'
import type { Ctx, RequestContext } from './context.ts'
import { ApiError, Refusal } from './errors.ts'
import { command, query, router } from './procedures.ts'
import { toApiError } from './public-error.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const leave = (ctx: Ctx, key: string) =>
  ctx.sql.query('insert into tombstones (kind, key, reason, created_at) values ($1, $2, $3, $4)', [
    'test',
    key,
    'test',
    ctx.now(),
  ])
const left = async (key: string) =>
  (await server.database.sql.query('select 1 from tombstones where kind = $1 and key = $2', ['test', key])).length
const audited = async (key: string) =>
  (await server.database.sql.query(`select 1 from audit_logs where metadata->>'key' = $1`, [key])).length

/** What was done after a commit, with what it found. */
const followed: [key: string, rows: number][] = []

const endings = {
  fine: () => undefined,
  'refused with ApiError': () => {
    throw new ApiError('user_exists')
  },
  'refused with Refusal': () => {
    throw new Refusal('user_exists')
  },
  'broken by a fault': () => {
    throw new Error('a fault with a secret inside')
  },
}

const shared = {
  auth: 'none',
  policy: 'open',
  limit: [],
  audits: [],
  errors: ['user_exists'],
  summary: 'Test.',
} as const

async function write(ctx: Ctx, input: { key: string; end: string }) {
  await leave(ctx, input.key)
  record(ctx, 'user.created', { metadata: { key: input.key } })
  ctx.afterCommit.push(async () => followed.push([input.key, await left(input.key)]))
  endings[input.end as keyof typeof endings]?.()
  return { key: input.key }
}

const Input = z.strictObject({ key: z.string(), end: z.string() })
const operations = listOperations(
  router({
    plain: command({ ...shared, rest: 'POST /plain', input: Input, output: z.object({ key: z.string() }), run: write }),
    hot: command({
      ...shared,
      rest: 'POST /hot',
      hot: 'raw',
      input: Input,
      output: z.object({ key: z.string() }),
      run: write,
    }),
    misshapen: command({
      ...shared,
      rest: 'POST /misshapen',
      input: Input,
      output: z.object({ other: z.number() }),
      run: async (ctx, input) => (await write(ctx, input)) as unknown as { other: number },
    }),
    unaudited: command({
      ...shared,
      rest: 'POST /unaudited',
      input: Input,
      output: z.void(),
      run: async (ctx, input) => {
        await leave(ctx, input.key)
        record(ctx, 'user.created', { userId: 'not-a-uuid' })
        return undefined
      },
    }),
    misused: command({
      ...shared,
      rest: 'POST /misused',
      hot: 'raw',
      input: Input,
      output: z.void(),
      run: async (ctx) => {
        await ctx.db.user.count()
        return undefined
      },
    }),
    read: query({
      ...shared,
      rest: 'GET /read',
      input: z.strictObject({}),
      output: z.object({ operation: z.string() }),
      run: async ({ operation }) => ({ operation }),
    }),
  }),
)

async function run(name: string, input: unknown): Promise<{ data: unknown } | { error: ApiError }> {
  const operation = operations.find((one) => one.name === name)
  const context: RequestContext = {
    deps: server.app.deps,
    request: {
      id: 'req_test',
      ip: '203.0.113.9',
      method: 'POST',
      origin: null,
      authorization: null,
      authorizationCount: 0,
      userAgent: null,
      idempotencyKey: null,
      testAuthenticator: null,
      appId: null,
      cookie: null,
      pageCookie: null,
    },
    response: { headers: {} },
  }
  try {
    return { data: await operation?.call(context, () => input) }
  } catch (error) {
    return { error: toApiError(error) }
  }
}

describe.each(['plain', 'hot'])('a %s command', (name) => {
  it.each([
    ['fine', 1, undefined],
    ['refused with ApiError', 0, 'user_exists'],
    ['refused with Refusal', 1, 'user_exists'],
    ['broken by a fault', 0, 'internal_error'],
  ])('that is %s leaves %d row and %d audit row', async (end, rows, code) => {
    const key = `${name} ${end}`
    const outcome = await run(name, { key, end })
    expect('error' in outcome ? outcome.error.errorCode : undefined).toBe(code)
    // Before the answer, and where nothing was committed, not at all.
    expect(followed.filter(([what]) => what === key)).toEqual(rows === 1 ? [[key, 1]] : [])
    expect([await left(key), await audited(key)]).toEqual([rows, rows])
  })
})

describe('what can go wrong inside', () => {
  it('security 230: a wrong output shape rolls back and answers 500 without words', async () => {
    const outcome = await run('misshapen', { key: 'shape', end: 'fine' })
    expect([await left('shape'), await audited('shape')]).toEqual([0, 0])
    if (!('error' in outcome)) throw new Error('it answered')
    const { status, body } = encodeError('envelope', outcome.error, 'https://a.example')
    expect([status, body]).toEqual([
      500,
      { ok: false, error: { code: 'internal_error', message: 'Something went wrong on our side.' } },
    ])
  })

  it('security 231: a failed audit insert fails the operation', async () => {
    const outcome = await run('unaudited', { key: 'unaudited', end: '' })
    expect('error' in outcome && outcome.error.errorCode).toBe('internal_error')
    expect(await left('unaudited')).toBe(0)
  })

  it('a hot command that reaches for Prisma is told so at once', async () => {
    const outcome = await run('misused', { key: 'x', end: '' })
    expect('error' in outcome && String((outcome.error.cause as Error).message)).toContain('ctx.sql only')
  })

  it('invalid input never opens a transaction, and a query sees its own name', async () => {
    const outcome = await run('plain', { key: 7 })
    expect('error' in outcome && outcome.error.message).toBe('key: must be a string')
    expect(await run('read', {})).toEqual({ data: { operation: 'read' } })
  })
})
