import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contract } from '../../src/contract.ts'
import { documentTable } from '../../src/documents.ts'
import { broken } from '../faults/invariants.ts'
import { roomyLimits } from '../faults/roomy-limits.ts'
import { type Answer, freshAddress, type TestApp, testApp } from '../harness.ts'
import { codeOf, credential, documented, named, operations, prepare, worldOf } from '../operation-calls.ts'
import type { Sample, World } from '../samples.ts'
import { hostileTexts, wellFormed } from './hostile-values.ts'
import { watchLeaks } from './leaks.ts'
import { asTrpc, type FuzzRequest, makeRequest, resolverOf, shapeOf } from './requests.ts'
import { type Seeded, seeded, seedFrom } from './seeded.ts'

const total = Number(process.env.FUZZ_REQUESTS || 10_000)
/** The same in every run unless said, so that a red run is red again; long runs take a new one. */
const seed = seedFrom(process.env.FUZZ_SEED ?? '20261121')
const documents = Object.entries(documentTable)
const each = Math.ceil(total / (named.length + documents.length))
/** A sample is used this often: what it names has mostly been used up then. */
const PER_SAMPLE = 25

const resolve = resolverOf(contract('https://auth.example.com', operations))
const leaks = watchLeaks()
const rejections: unknown[] = []
const onRejection = (reason: unknown) => void rejections.push(reason)

let server: TestApp
let sent = 0
const answered = new Map<number, number>()

beforeAll(async () => {
  process.on('unhandledRejection', onRejection)
  server = await testApp({ RATE_LIMIT_OVERRIDES: roomyLimits })
  // The harness's own.
  const key = Buffer.from('9f0b7c1e5ad34486b2c81f93e07d6a5422e4c9d8b17f3a60584e9c2d1b7fa036', 'hex')
  for (const encoding of ['hex', 'base64', 'base64url'] as const) leaks.learn(key.toString(encoding).replace(/=+$/, ''))
})
afterAll(async () => {
  process.off('unhandledRejection', onRejection)
  await server.close()
})

async function send({ method, url, headers, payload }: FuzzRequest): Promise<Answer> {
  const response = await server.app.http.inject({
    method: method as NonNullable<InjectOptions['method']>,
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
  })
  const { statusCode: status, body: text } = response
  const isJson = String(response.headers['content-type']).startsWith('application/json') && text !== ''
  return { status, headers: response.headers as Answer['headers'], text, body: isJson ? JSON.parse(text) : undefined }
}

/** What is wrong with an answer whose operation is not known for sure, such as to another method or path. */
function problemsOf(request: FuzzRequest, answer: Answer): string[] {
  const { status, headers, body, text } = answer
  const found = [...leaks.inAnswer(answer)]
  if (status >= 500) found.push(`status ${status}`)
  if (headers['x-content-type-options'] !== 'nosniff') found.push('no nosniff')
  if (!headers['x-request-id']) found.push('no request id')
  // A token that is presented again and again locks itself, and a tenant has three claim codes: nothing is behind these.
  const isFull = text.includes('too_many_attempts') || /agent.identity.claim/.test(request.url)
  const isLimited = status === 429 && !isFull
  if (isLimited) found.push('a limit was in the way: the run says nothing about what lies behind it')
  if (status >= 400 && request.method !== 'HEAD' && !request.url.startsWith('/trpc')) {
    const code = codeOf(answer)
    if (typeof code !== 'string' || !/^[a-z][a-z0-9_]*$/.test(code)) found.push('an error without a code')
    const words: unknown = body?.error?.message ?? body?.error_description
    if (typeof words !== 'string' || words === '') found.push('an error without words')
  }
  // JSON.stringify escapes half a surrogate pair, and nothing else of that range.
  if (/\\ud[89a-f]/.test(text)) found.push('half a character')
  if (status === 204 && text !== '') found.push('a 204 with a body')
  return found
}

function listed(name: string, answer: Answer): string[] {
  const response = documented.operation(name).responses[answer.status]
  const media = String(answer.headers['content-type']).split(';', 1)[0] ?? ''
  // Lists in another form than JSON have no schema to be held against.
  const isOther = media !== 'application/json' && response && 'content' in response && response.content?.[media]
  if (isOther) return []
  try {
    documented.check(name, answer)
    return []
  } catch (error) {
    return [`not as documented: ${(error as Error).message}`]
  }
}

/** Sends; what is wrong is told with the request, so that it can be sent again. */
async function judge(request: FuzzRequest, name: string | null): Promise<string[]> {
  const before = server.lines.length
  const answer = await send(request)
  sent += 1
  answered.set(answer.status, (answered.get(answer.status) ?? 0) + 1)
  const found = problemsOf(request, answer)
  // A path parameter of more than 4096 characters is nobody's.
  if (name && request.isOnTarget && codeOf(answer) !== 'not_found') found.push(...listed(name, answer))
  for (const line of server.lines.slice(before)) found.push(...leaks.inLine(line))
  if (found.length === 0) return []
  const { headers, payload, method, url, odd } = request
  const shown = { method, url, headers, payload: payload?.toString(), odd }
  return [
    `${found.join('; ')}\n  asked ${JSON.stringify(shown).slice(0, 2500)}\n  told ${answer.status} ${answer.text.slice(0, 600)}`,
  ]
}

/** At most five of a kind are worth reading. */
const expectNone = (problems: string[]) =>
  expect(problems.slice(0, 5), `${problems.length} answers are wrong, with FUZZ_SEED=${seed}`).toEqual([])

describe(`security 221, 222: ${total} generated requests (FUZZ_REQUESTS) with seed ${seed} (FUZZ_SEED)`, () => {
  it.each(named)(
    `%s: ${each} requests`,
    async (name, operation) => {
      const random = seeded(seed ^ hash(name))
      const shape = shapeOf(documented.operation(name))
      const problems: string[] = []
      const other = (await worldOf(server)).tenant
      leaks.learn(other.clientSecret)
      leaks.learn(other.token)
      let world: World | undefined
      let sample: Sample = {}
      for (let made = 0; made < each; made++) {
        if (!world || made % PER_SAMPLE === 0) {
          ;[world, sample] = await prepare(server, name)
          leaks.learn(world.tenant.clientSecret)
          leaks.learn(world.tenant.token)
          if (sample.token) leaks.learn(sample.token)
        }
        const { token, origin, headers } = await credential(operation, world, sample)
        const own = {
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(origin ? { origin } : {}),
          ...headers,
        }
        const callers = { own, tenant: world.tenant, other, session: sample.token ?? null }
        const request = makeRequest(operation, shape, sample, callers, random, resolve)
        const sending = random.chance(0.1) ? asTrpc(operation, request, sample, random) : request
        problems.push(...(await judge(sending, name)))
      }
      expectNone(problems)
    },
    20_000 + each * 60,
  )

  it.each(documents)(
    `%s: ${each} requests`,
    async (name, { path }) => {
      const random = seeded(seed ^ hash(name))
      const problems: string[] = []
      for (let made = 0; made < each; made++) problems.push(...(await judge(documentRequest(path, random), null)))
      expectNone(problems)
    },
    20_000 + each * 60,
  )

  it('leaves the server as it was: it answers, its data is whole, nothing was rejected unheard', async () => {
    expect(sent).toBeGreaterThanOrEqual(total)
    const tenant = await server.tenant()
    const name = 'after'
    const made = await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: name } })
    expect(made.status).toBe(201)
    expect(await broken(server.database.sql)).toEqual([])
    expect(rejections).toEqual([])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    // A run whose requests are all refused at the door has tested the door.
    const successes = [...answered].filter(([status]) => status < 300).reduce((sum, [, count]) => sum + count, 0)
    expect(successes).toBeGreaterThan(sent / 10)
    const tally = [...answered].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
    process.stdout.write(`  ${sent} fuzzed requests, seed ${seed}; ${tally.join(', ')}\n`)
  })
})

function hash(text: string): number {
  let sum = 0
  for (const letter of text) sum = (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0
  return sum
}

function documentRequest(path: string, random: Seeded): FuzzRequest {
  const text = random.pick(hostileTexts)
  const header = text.replace(/[^\x20-\x7e]/g, '?')
  const value = encodeURIComponent(wellFormed(text))
  const [name, content] = random.pick<[string, string]>([
    ['host', header || 'x'],
    ['if-none-match', header],
    ['accept', header],
    ['origin', header],
    ['authorization', header],
    ['x-forwarded-proto', header],
  ])
  return {
    method: random.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE']),
    url: random.pick([
      path,
      `${path}?x=${value}`,
      `${path}/${value}`,
      `${path}%00`,
      `${path}${value}`,
      path.toUpperCase(),
    ]),
    headers: { 'x-forwarded-for': freshAddress(), [name]: content },
    odd: [name],
    isOnTarget: false,
  }
}
