import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { events } from '../src/audit/events.ts'
import { contract } from '../src/contract.ts'
import { documentTable } from '../src/documents.ts'
import { limitTable } from '../src/limits.ts'
import { scopes } from '../src/scopes.ts'
import type { OperationObject, Response } from '../src/surfaces/openapi-document.ts'
import type { Operation } from '../src/surfaces/operations.ts'
import { undeclaredHeaders } from './answers.ts'
import { type TestApp, testApp } from './harness.ts'
import {
  ask,
  type Change,
  codeOf,
  documented,
  guarded,
  named,
  operations,
  prepare,
  reads,
  send,
  worldOf,
} from './operation-calls.ts'
import { samples } from './samples.ts'

let server: TestApp

beforeAll(async () => {
  // Many calls: the limits have a suite of their own, and a server of their own below.
  server = await testApp({ RATE_LIMITS: 'false' })
})
afterAll(() => server.close())

describe('the committed document', () => {
  const file = new URL('../../openapi.json', import.meta.url)

  it('is what the router gives: run `pnpm contract` when this fails', () => {
    expect(existsSync(file), 'openapi.json is missing').toBe(true)
    expect(readFileSync(file, 'utf8') === `${JSON.stringify(contract(), null, 2)}\n`).toBe(true)
  })

  it('holds every operation and every document under its own name, and nothing else', () => {
    const { paths } = contract()
    const ids = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
    expect(ids.sort()).toEqual([...operations.map(({ name }) => name), ...Object.keys(documentTable)].sort())
  })
})

/** Open by the specification: each proves something else, or shows nothing of a tenant. */
const withoutCredential = [
  'clients.register',
  'agent_identity.claim',
  'agent_identity.create',
  'agents.register',
  'agents.verify',
  'agents.verify_link',
  'dashboard.session.open',
  'device.code',
  'device.token',
  'invitations.accept',
  'invitations.show',
  'invitations.sign_up',
  'keys.report_leak',
  'oauth.introspect',
  'oauth.revoke',
  'oauth.token',
  'onboarding.availability',
  'onboarding.complete',
  'onboarding.data',
  'onboarding.page',
  'onboarding.provision_agent',
  'onboarding.register_passkey',
  'onboarding.start',
  'onboarding.status',
]

/** What an adapter calls counts on its own rows. */
const limitsBehind: Record<string, string[]> = {
  'agent_identity.create': ['onboarding_ai', 'onboarding_ai_net'],
  'agent_identity.claim': ['device_code'],
}

describe('the table of operations', () => {
  it('security 111: every operation has a sample, and every sample an operation', () => {
    expect(Object.keys(samples).sort()).toEqual(operations.map(({ name }) => name).sort())
  })

  it('security 111: only these answer without a credential', () => {
    const open = named.filter(([, { auth }]) => auth.includes('none')).map(([name]) => name)
    expect(open.sort()).toEqual([...withoutCredential].sort())
  })

  it.each(named)(
    '%s states its authentication, and limits, events and scope that exist',
    (_name, { endpoint, auth }) => {
      expect(auth.length).toBeGreaterThan(0)
      for (const limit of endpoint.limit) expect(Object.keys(limitTable)).toContain(limit)
      for (const event of endpoint.audits) expect(Object.keys(events)).toContain(event)
      if (auth.includes('admin')) {
        expect(Object.keys(scopes)).toContain(endpoint.scope)
        expect(endpoint.limit).toContain('admin_application')
        expect(endpoint.limit).toContain(endpoint.rest.startsWith('GET ') ? 'admin_read' : 'admin_write')
      }
      if (!endpoint.rest.startsWith('GET ') && auth.includes('admin')) expect(endpoint.idempotent).toBe('application')
    },
  )
})

/** The headers that the document declares on a success. */
const declaredOn = (name: string): string[] =>
  Object.entries(documented.operation(name).responses).flatMap(([status, response]) =>
    status.startsWith('2') && 'headers' in response ? Object.keys(response.headers ?? {}) : [],
  )

describe('a valid call', () => {
  let limited: TestApp
  beforeAll(async () => {
    limited = await testApp()
  })
  afterAll(() => limited.close())

  it.each(named)('%s answers as documented, and writes no event that it does not declare', async (name, operation) => {
    const { endpoint, dialect, status } = operation
    const [world, sample] = await prepare(limited, name)
    const requestId = `contract-${name.replaceAll('.', '-')}-${world.tenant.applicationId.slice(4)}`
    const answer = await ask(operation, world, sample, { headers: { 'x-request-id': requestId } })
    expect([answer.status, answer.text]).toEqual([status, answer.text])
    expect(answer.headers['x-request-id']).toBe(requestId)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    if (dialect === 'envelope' && status !== 204) expect(answer.body.ok).toBe(true)
    if (!operation.auth.includes('none') || endpoint.secret) expect(answer.headers['cache-control']).toBe('no-store')
    const shown = answer.headers.ratelimit?.match(/^"(\w+)";r=\d+;t=\d+$/)?.[1]
    if (endpoint.limit.length > 0) expect([...endpoint.limit, ...(limitsBehind[name] ?? [])]).toContain(shown)
    expect(answer.headers['ratelimit-policy'] === undefined).toBe(endpoint.limit.length === 0)

    const rows = await limited.database.sql.query<{ event: string }>(
      'select event from audit_logs where request_id = $1',
      [requestId],
    )
    const allowed = [...endpoint.audits, 'authorization.denied']
    expect(rows.map(({ event }) => event).filter((event) => !allowed.includes(event))).toEqual([])
  })

  it.each(reads)('%s: security 114: HEAD is GET without its body', async (name, operation) => {
    const [world, sample] = await prepare(server, name)
    // The first use of a key is written behind the answer, the next one not for a minute: both calls see the same.
    await ask(operation, world, sample)
    await server.app.deps.keyUse.flush()
    const got = await ask(operation, world, sample)
    const head = await send(operation, world, sample, { method: 'HEAD' })
    expect([head.status, head.text, head.headers['content-type']]).toEqual([
      got.status,
      '',
      got.headers['content-type'],
    ])
    // What records that it was read has more to say the next time.
    const recordsItself = operation.endpoint.audits.some((event) => event !== 'authorization.denied')
    if (!recordsItself) expect(head.headers['content-length']).toBe(got.headers['content-length'])
    const stranger = await send(operation, world, sample, { method: 'HEAD', token: null })
    expect(stranger.status).toBe(operation.auth.includes('none') ? 200 : 401)
  })
})

describe('security 226: no answer carries a header that the document does not declare', () => {
  /** Every key ends soon there. */
  let ending: TestApp
  beforeAll(async () => {
    ending = await testApp({ RATE_LIMITS: 'false', AGENT_KEY_MAX_AGE_DAYS: '10' })
  })
  afterAll(() => ending.close())

  const forKeys = named.filter(
    ([, { auth, endpoint }]) => endpoint.keys || auth.some((kind) => ['admin', 'account', 'manager'].includes(kind)),
  )
  it.each(forKeys)('%s, called with a key that ends soon', async (name, operation) => {
    const [world, sample] = await prepare(ending, name)
    const headers = await ending.present(world.tenant, { kind: 'agent', scopes: ['full_access'] })
    // Where clients authenticate by themselves, one place is enough.
    const { client_id: _, client_secret: __, ...body } = (sample.body ?? {}) as Record<string, unknown>
    const change = operation.endpoint.keys ? { body } : {}
    const answer = await ask(operation, world, sample, { token: null, headers, ...change })
    expect(answer.status).not.toBe(401)
    expect(answer.headers['x-key-expires-at']).toMatch(/^\d{4}-.*Z$/)
    expect(declaredOn(name)).toContain('X-Key-Expires-At')
  })

  const forClients = named.filter(([, { auth }]) => auth.some((kind) => ['admin', 'manager'].includes(kind)))
  it.each(forClients)('%s, called by a tenant that nobody has claimed', async (name, operation) => {
    const [world, sample] = await prepare(server, name)
    const answer = await ask(operation, world, sample, { token: (await server.tenant()).token })
    expect(answer.headers['x-inactivity-purge-at']).toMatch(/^\d{4}-.*Z$/)
    expect(declaredOn(name)).toContain('X-Inactivity-Purge-At')
  })

  it.each(['oauth.token', 'oauth.introspect', 'oauth.revoke', 'device.code', 'device.token'])(
    '%s, called by such a tenant',
    async (name) => {
      const operation = operations.find((other) => other.name === name) as Operation
      const [world, sample] = await prepare(server, name)
      const { clientId, clientSecret } = await server.tenant()
      const client = { client_id: clientId, client_secret: clientSecret }
      const answer = await ask(operation, world, sample, { body: { ...(sample.body as object), ...client } })
      expect(answer.headers['x-inactivity-purge-at']).toMatch(/^\d{4}-.*Z$/)
      expect(declaredOn(name)).toContain('X-Inactivity-Purge-At')
    },
  )

  it('and the check finds one that is not there', () => {
    const { responses } = documented.operation('users.list')
    const undeclared = (status: number, name: string) =>
      undeclaredHeaders({ responses } as OperationObject, status, responses[status] as Response, {
        headers: { 'content-type': 'application/json', 'x-request-id': 'x', [name]: 'x' },
      })
    expect(undeclared(200, 'x-key-expires-at')).toEqual([])
    expect(undeclared(403, 'x-key-expires-at')).toEqual([])
    for (const status of [200, 403]) expect(undeclared(status, 'x-secret')).toEqual(['x-secret'])
    expect(undeclared(200, 'www-authenticate')).toEqual(['www-authenticate'])
  })
})

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A real token with another type in its header: the key is known, the signature is not of these bytes. */
const retyped = (token: string, typ: string): string => {
  const [header = '', ...rest] = token.split('.')
  return [encode({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), typ }), ...rest].join('.')
}
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

describe('security 96, 111: whoever lacks the credential is refused before anything is read', () => {
  type Bearer = 'none' | 'publishable' | 'access' | 'garbage' | 'session' | 'at' | 'basic'
  const strangers: Bearer[] = ['none', 'publishable', 'access', 'garbage', 'session', 'at', 'basic']

  /** The code for a credential of the wrong kind, or null where the operation accepts that kind (http-api.md §1.2). */
  function expected({ auth }: Operation, bearer: Bearer): string | null {
    const [admin, endUser] = [auth.includes('admin'), auth.includes('end_user')]
    if (bearer === 'publishable' && auth.includes('publishable')) return null
    // On a route for people alone a backend's token is looked at, and then refused with 403.
    if (bearer === 'access' && (admin || auth.some((kind) => ['account', 'dashboard', 'manager'].includes(kind))))
      return null
    if (bearer === 'none' || bearer === 'basic' || !endUser) return 'unauthorized'
    if (bearer === 'session') return 'invalid_session_token'
    if (admin) return 'unauthorized'
    if (bearer === 'garbage') return 'invalid_session_token'
    return 'invalid_token_type'
  }

  it.each(guarded)('%s', async (_name, operation) => {
    const world = await worldOf(server)
    const { tenant } = world
    const sent: Record<Bearer, Change> = {
      none: { token: null },
      publishable: { token: tenant.clientId },
      access: { token: tenant.token },
      garbage: { token: 'garbage' },
      session: { token: retyped(tenant.token, 'JWT') },
      at: { token: `${tenant.token.slice(0, -8)}AAAAAAAA` },
      basic: { token: null, headers: basic(`${tenant.clientId}:wrong`) },
    }
    for (const bearer of strangers) {
      const code = expected(operation, bearer)
      if (code === null) continue
      const change: Change = operation.method === 'GET' ? { query: 'unknown=1' } : { body: '{"x":' }
      const answer = await ask(operation, world, {}, { ...change, ...sent[bearer] })
      // RFC 6749 §5.2 has a word of its own for it.
      const isOAuth = operation.dialect === 'oauth'
      expect([bearer, answer.status, codeOf(answer)]).toEqual([bearer, 401, isOAuth ? 'invalid_client' : code])
      expect(answer.headers['www-authenticate']).toBe(bearer === 'none' ? 'Bearer' : 'Bearer error="invalid_token"')
      const isNeverKept = isOAuth || operation.path.startsWith('/v1/keys')
      expect(answer.headers['cache-control']).toBe(bearer === 'none' && !isNeverKept ? undefined : 'no-store')
    }
  })

  it.each(guarded)(
    '%s: security 114, 134: no other header and no query parameter is a credential or a method',
    async (_name, operation) => {
      const world = await worldOf(server)
      const { token } = world.tenant
      const override = {
        'x-http-method-override': 'GET',
        'x-http-method': 'GET',
        'x-method-override': 'GET',
        'x-app-id': world.tenant.applicationId,
      }
      for (const query of [`access_token=${token}`, `token=${token}`, `authorization=Bearer%20${token}`]) {
        const answer = await ask(
          operation,
          world,
          {},
          { token: null, query, headers: { ...override, cookie: `access_token=${token}` } },
        )
        expect([query, answer.status]).toEqual([query, 401])
      }
    },
  )
})
