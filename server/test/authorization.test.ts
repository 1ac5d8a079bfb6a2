import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mint } from '../src/platform/ids.ts'
import { type PolicyName, policies } from '../src/policies.ts'
import type { Operation } from '../src/surfaces/operations.ts'
import { createAuthenticator } from './authenticator.ts'
import { type Answer, type TestApp, testApp } from './harness.ts'
import { ask, codeOf, guarded, named, prepare, send, worldOf } from './operation-calls.ts'
import { origin, type Sample, samples, type World } from './samples.ts'

let server: TestApp

beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
})
afterAll(() => server.close())

const actor = { kind: 'user', id: 'somebody_else' } as const

/** Every kind of caller, as headers in place of the credential that an operation asks for first. */
const callers = {
  publishable: ({ tenant }: World) => ({ token: tenant.clientId }),
  service: ({ tenant }: World) => ({ token: tenant.token }),
  'service without the scope': async ({ server: app, tenant }: World) => {
    const body = { grant_type: 'client_credentials', scope: 'billing:read' }
    const { clientId, clientSecret } = tenant
    const granted = await app.call('POST', '/oauth/token', {
      body: { ...body, client_id: clientId, client_secret: clientSecret },
    })
    return { token: granted.body.access_token as string }
  },
  agent: async ({ server: app, tenant }: World, scope: string) => ({
    headers: await app.present(tenant, { kind: 'agent', scopes: [scope] }),
  }),
  'agent without the scope': async ({ server: app, tenant }: World) => ({
    headers: await app.present(tenant, { kind: 'agent', scopes: [] }),
  }),
  'agent for somebody': async ({ server: app, tenant }: World, scope: string) => ({
    headers: await app.present(tenant, { kind: 'agent', scopes: [scope], actor }),
  }),
  viewer: async ({ server: app, tenant }: World) => ({
    headers: await app.present(tenant, { kind: 'user', role: 'viewer' }),
  }),
  admin: async ({ server: app, tenant }: World) => ({
    headers: await app.present(tenant, { kind: 'user', role: 'admin' }),
  }),
  owner: async ({ server: app, tenant }: World) => ({
    headers: await app.present(tenant, { kind: 'user', role: 'owner' }),
  }),
  'owner for somebody': async ({ server: app, tenant }: World) => ({
    headers: await app.present(tenant, { kind: 'user', role: 'owner', actor }),
  }),
  'end user': async (world: World) => ({ token: await sessionToken(world) }),
}
type Caller = keyof typeof callers
/** What the trail calls those that a 403 tells no. */
const kinds: Partial<Record<Caller, string>> = {
  service: 'service',
  'service without the scope': 'service',
  agent: 'agent',
  'agent without the scope': 'agent',
  'agent for somebody': 'agent',
  viewer: 'user',
  admin: 'user',
  owner: 'user',
  'owner for somebody': 'user',
}
const everybody = Object.keys(callers) as Caller[]

/** `pass`, or the status and, where it does not depend on how the credential looked, the code. */
type Verdict = 'pass' | '401' | `403 ${string}` | '404 not_found'
type Row = Record<Caller, Verdict>

const nobody: Row = {
  publishable: '401',
  service: '401',
  'service without the scope': '401',
  agent: '401',
  'agent without the scope': '401',
  'agent for somebody': '401',
  viewer: '401',
  admin: '401',
  owner: '401',
  'owner for somebody': '401',
  'end user': '401',
}
const reads: Row = {
  ...nobody,
  service: 'pass',
  'service without the scope': '403 insufficient_scope',
  agent: 'pass',
  'agent without the scope': '403 insufficient_scope',
  'agent for somebody': '403 acting_as_not_allowed',
  viewer: 'pass',
  admin: 'pass',
  owner: 'pass',
  'owner for somebody': '403 acting_as_not_allowed',
}
const writes: Row = { ...reads, viewer: '403 forbidden' }
const notAllowed = '403 application_rotation_not_allowed'
const rotates: Row = {
  ...writes,
  viewer: notAllowed,
  'agent for somebody': notAllowed,
  'owner for somebody': notAllowed,
}
const persons: Row = {
  ...writes,
  service: '403 forbidden',
  'service without the scope': '403 forbidden',
  agent: '403 forbidden',
  'agent without the scope': '403 forbidden',
  'agent for somebody': '403 forbidden',
}

const nothingThere = '404 not_found'

/** Written out by hand from http-api.md §1.2: what the policy table must come to. `open` asks nobody, `hosted_sign_up` nobody for a maintainer. */
const matrix: Record<Exclude<PolicyName, 'open' | 'hosted_sign_up'>, Row> = {
  ceremony: { ...nobody, publishable: 'pass' },
  own_read: { ...nobody, 'end user': 'pass' },
  own_write: { ...nobody, 'end user': 'pass' },
  application_read: reads,
  application_write: writes,
  application_create: writes,
  application_change: writes,
  tenant_read: reads,
  session_end: { ...writes, 'end user': 'pass' },
  secret_rotation: rotates,
  lifecycle: persons,
  account_read: { ...reads, service: '403 forbidden', 'service without the scope': '403 forbidden' },
  account_write: { ...writes, service: '403 forbidden', 'service without the scope': '403 forbidden' },
  key_rotation: {
    ...writes,
    service: '403 forbidden',
    'service without the scope': '403 forbidden',
    // The key of the sample is another one's.
    agent: '403 insufficient_scope',
  },
  own_key: {
    ...persons,
    agent: 'pass',
    'agent without the scope': 'pass',
    'agent for somebody': '403 acting_as_not_allowed',
    admin: '403 forbidden',
    owner: '403 forbidden',
    'owner for somebody': '403 forbidden',
  },
  connection: { ...reads, 'service without the scope': 'pass', 'agent without the scope': 'pass' },
  account_decision: persons,
  account_people: { ...persons, viewer: 'pass' },
  account_owner: { ...persons, admin: '403 forbidden' },
  // Who may is none of them: a person whom a command on the server's own machine names.
  operator: {
    ...nobody,
    service: nothingThere,
    'service without the scope': nothingThere,
    agent: nothingThere,
    'agent without the scope': nothingThere,
    'agent for somebody': nothingThere,
    viewer: nothingThere,
    admin: nothingThere,
    owner: nothingThere,
    'owner for somebody': nothingThere,
  },
}

/** Which operation stands under which policy: a new one must be written here too (security 111). */
const filed: Record<PolicyName, readonly string[]> = {
  open: [
    'clients.register',
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
    'agent_identity.claim',
    'agent_identity.create',
    'oauth.introspect',
    'oauth.revoke',
    'oauth.token',
    'onboarding.availability',
    'onboarding.complete',
    'onboarding.data',
    'onboarding.page',
    'onboarding.provision_agent',
    'onboarding.register_passkey',
  ],
  hosted_sign_up: ['onboarding.start', 'onboarding.status'],
  account_read: ['agents.get', 'agents.list', 'keys.get', 'keys.list'],
  account_write: ['agents.revoke', 'keys.create', 'keys.revoke'],
  key_rotation: ['keys.rotate'],
  own_key: ['keys.current', 'keys.revoke_current'],
  connection: ['connection.status'],
  account_decision: [
    'authorization.allow',
    'authorization.challenge',
    'authorization.deny',
    'authorization.request',
    'device.approve',
    'device.challenge',
    'device.requests.deny',
    'tenants.update',
  ],
  account_people: [
    'account.address.prove',
    'account.address.request_proof',
    'account.get',
    'account.passkeys.list',
    'account.passkeys.register.finish',
    'account.passkeys.register.start',
    'account.passkeys.remove',
    'account.passkeys.update',
    'dashboard.session.close',
    'dashboard.step_up',
    'device.deny',
    'device.request',
    'device.requests.list',
    'device.withdraw',
    'account.choose',
    'tenants.get',
  ],
  operator: ['operator.accounts.admit', 'operator.accounts.disable', 'operator.accounts.list'],
  account_owner: [
    'account.invitations.list',
    'account.invitations.withdraw',
    'account.members.invite',
    'account.members.list',
    'account.members.remove',
    'tenants.delete',
  ],
  ceremony: ['passkeys.auth.finish', 'passkeys.auth.start', 'passkeys.register.finish', 'passkeys.register.start'],
  own_read: ['passkeys.list', 'sessions.list', 'sessions.validate'],
  own_write: ['passkeys.delete', 'passkeys.update', 'sessions.logout'],
  application_read: [
    'audit_logs.list',
    'privacy.report',
    'usage.get',
    'users.credentials.list',
    'users.get',
    'users.list',
    'users.sessions.list',
  ],
  application_create: ['applications.create'],
  application_change: ['applications.rotate_webhook_secret', 'applications.update'],
  application_write: [
    'users.create',
    'users.credentials.revoke',
    'users.delete',
    'users.import',
    'users.sessions.revoke_all',
    'users.unlock',
    'users.update',
  ],
  tenant_read: ['applications.get', 'applications.list'],
  session_end: ['sessions.revoke'],
  secret_rotation: ['applications.rotate_secret'],
  lifecycle: ['applications.activate', 'applications.delete', 'applications.suspend'],
}

/** A session of a new user, from the sample of the operation that asks for nothing else. */
async function sessionToken(world: World): Promise<string> {
  const { token } = await (samples['sessions.validate'] as (world: World) => Promise<Sample>)(world)
  return token as string
}

type Presented = { token?: string; headers?: Record<string, string> }

/** A call that an end user may make with the own session, where the sample is another caller's. */
async function ofEndUser(name: string, world: World): Promise<Sample> {
  const sample = await sampleOf(name, world)
  if (sample.token) return sample
  const token = await sessionToken(world)
  if (name === 'sessions.revoke') return { token, params: { id: idOf(token) } }
  if (name === 'passkeys.register.start') return { token, body: {} }
  const begun = await server.call('POST', '/v1/passkeys/register/start', { token, origin, body: {} })
  const credential = createAuthenticator().register(begun.body.data.challenge, { origin })
  return { token, body: { session_id: begun.body.data.session_id, credential } }
}

/** Makes what the sample is about that of who calls, where people call for nothing but their own. */
const handOver: Record<string, (sample: Sample, personId: string) => Promise<unknown>> = {
  'account.passkeys.remove': ({ params }, personId) => handPasskeysOver(params, personId),
  'account.passkeys.update': ({ params }, personId) => handPasskeysOver(params, personId),
  'account.passkeys.register.finish': ({ body }, personId) =>
    server.database.sql.query(
      `update ceremonies set facts = jsonb_set(facts, '{userId}', to_jsonb($2::text)) where id = $1::uuid`,
      [body?.session_id, personId],
    ),
}

const handPasskeysOver = (params: Sample['params'], personId: string) =>
  server.database.sql.query(
    'update credentials set user_id = $2::uuid where user_id = (select user_id from credentials where id = $1)',
    [params?.credential_id, personId],
  )

const sampleOf = (name: string, world: World) => (samples[name] as (world: World) => Sample | Promise<Sample>)(world)

describe('security 111: the policy table', () => {
  it('has a row for every operation, and the matrix a row for every policy', () => {
    const listed = Object.entries(filed).flatMap(([policy, names]) => names.map((name) => `${name} ${policy}`))
    expect(listed.sort()).toEqual(named.map(([name, { endpoint }]) => `${name} ${endpoint.policy}`).sort())
    expect(Object.keys({ open: 0, hosted_sign_up: 0, ...matrix }).sort()).toEqual(Object.keys(policies).sort())
  })
})

/** Refusals behind the policy: what is missing is a proof by the very person. */
const behind = ['step_up_required', 'invalid_csrf_token']

async function verdictOf(operation: Operation, answer: Answer): Promise<string> {
  if (answer.status === operation.status || behind.includes(codeOf(answer))) return 'pass'
  return answer.status === 401 ? '401' : `${answer.status} ${codeOf(answer)}`
}

/** Who may call at all. A signed-in user is also asked where the ceremony takes one. */
const expectedOf = ({ endpoint, auth }: Operation, caller: Caller): Verdict => {
  if (caller === 'end user' && endpoint.policy === 'ceremony' && auth.includes('end_user')) return 'pass'
  return matrix[endpoint.policy as keyof typeof matrix][caller]
}

describe('security 101, 111: every operation × every kind of caller, for what is its own', () => {
  it.each(guarded)('%s', async (name, operation) => {
    const world = await worldOf(server)
    // Tenants made from here on are younger than the account's first, whose trail has what concerns the account.
    server.clock.advance(1)
    const seen: Record<string, string> = {}
    const wanted: Record<string, string> = {}
    for (const caller of everybody) {
      const expected = expectedOf(operation, caller)
      // A new thing for each call that goes through; what an end user may touch is that user's own.
      const { token: own, ...sample } =
        caller === 'end user' && expected === 'pass' ? await ofEndUser(name, world) : await sampleOf(name, world)
      const { token = null, headers = {} } =
        caller === 'end user' && own !== undefined
          ? { token: own }
          : ((await callers[caller](world, operation.endpoint.scope ?? '')) as Presented)
      if (expected === 'pass' && headers.cookie) await handOver[name]?.(sample, claimsOf(headers.cookie).sub)
      const sent = (headers.authorization ?? headers.cookie) ? null : token
      const fromPage = caller === 'publishable' || caller === 'end user'
      const from: Record<string, string> = fromPage ? { origin } : {}
      const answer = await ask(operation, world, sample, { token: sent, headers: { ...from, ...headers } })
      seen[caller] = await verdictOf(operation, answer)
      wanted[caller] = expected
      if (/^40[34] /.test(expected)) await expectDenied(world, operation, caller)
    }
    expect(seen).toEqual(wanted)
  })
})

/** The refusal of a kind, a scope or a role is on the trail of the caller's own tenant. */
async function expectDenied({ tenant }: World, { name }: Operation, caller: Caller): Promise<void> {
  const logs = await server.call('GET', '/v1/audit-logs?event=authorization.denied&limit=1', { token: tenant.token })
  const [row] = logs.body.data.data
  expect(row).toMatchObject({
    success: false,
    metadata: {
      resource_type: 'operation',
      resource_id: name,
      resource_tenant_id: tenant.tenantId,
      principal_kind: kinds[caller],
    },
  })
}

/** What each path parameter names, when it is an id of the whole server. */
const missing: Record<string, (operation: Operation) => string> = {
  external_user_id: () => `id:${randomUUID().replace(/^(.{14})./, '$17')}`,
  credential_id: () => mint('cred'),
  key_id: () => mint('key'),
  agent_id: () => mint('agt'),
  request_id: () => randomUUID(),
  user_id: () => randomUUID().replace(/^(.{14})./, '$17'),
  invitation_id: () => mint('inv'),
  id: ({ path }) => {
    if (path.startsWith('/v1/tenants')) return mint('org')
    return path.startsWith('/v1/applications') ? mint('app') : randomUUID()
  },
}

/** The id of somebody else's thing, from a sample of the same operation in another tenant. */
async function foreignId(parameter: string, sample: Sample, world: World): Promise<string> {
  const value = sample.params?.[parameter] ?? ''
  if (parameter !== 'external_user_id') return value === 'current' ? idOf(sample.token as string) : value
  const user = await server.call('GET', `/v1/users/${encodeURIComponent(value)}`, { token: world.tenant.token })
  return `id:${user.body.data.id}`
}
const claimsOf = (token: string): { jti: string; sub: string } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const idOf = (token: string): string => claimsOf(token).jti

/** Whether no program with client credentials may call it. */
const isForPeople = ({ endpoint }: Operation) => !('service' in policies[endpoint.policy].reach)

/** Who may call it: a person where programs may not. */
async function insider(
  operation: Operation,
  world: World,
  own: Sample,
): Promise<{ token: string | null; headers?: Record<string, string> }> {
  if (own.token) return { token: own.token, headers: { origin: origin } }
  if (!isForPeople(operation)) return { token: world.tenant.token }
  return { token: null, headers: await server.present(world.tenant, { kind: 'user', role: 'owner' }) }
}

// An operator reaches every account of the server, and who is none does not even learn that there is such an address.
const cells = guarded
  .filter(([, { endpoint }]) => endpoint.policy !== 'operator')
  .flatMap(([name, operation]) =>
    operation.pathParameters.map((parameter): [string, string, Operation] => [name, parameter, operation]),
  )

/** Everything but what may differ: the request id. */
const comparable = ({ status, text, headers }: Answer) => {
  const { 'x-request-id': _, date: __, ratelimit: ___, ...rest } = headers
  return { status, text, headers: rest }
}

describe('security 101, 112: foreign and missing are one answer, and the owner can read who asked', () => {
  it.each(cells)('%s by %s', async (name, parameter, operation) => {
    const [mine, own] = await prepare(server, name)
    const theirs = await worldOf(server)
    const sample = await sampleOf(name, theirs)
    const foreign = await foreignId(parameter, sample, theirs)
    const none = missing[parameter]?.(operation)
    expect(none, `${parameter} has no row in this test's table of missing ids`).toBeDefined()
    const as = await insider(operation, mine, own)
    const about = (value: string) => ({ ...own, params: { ...own.params, [parameter]: value } })
    const requestId = `foreign-${name.replaceAll('.', '-')}-${mine.tenant.applicationId.slice(4)}`

    const headers = { ...as.headers, 'x-request-id': requestId }
    const seen = await ask(operation, mine, about(foreign), { token: as.token, headers })
    const unseen = await ask(operation, mine, about(none as string), { ...as })
    expect(seen.status).toBe(404)
    expect(codeOf(seen)).toMatch(/_not_found$/)
    expect(comparable(seen)).toEqual(comparable(unseen))

    const query = `/v1/audit-logs?event=authorization.denied&limit=1`
    // A person: the backend of a suspended application reads nothing.
    const reader = await server.present({ ...theirs.tenant, ...sample.about }, { kind: 'user', role: 'viewer' })
    const read = await server.call('GET', query, { headers: reader })
    const [row] = read.body.data.data
    expect(row).toMatchObject({
      request_id: requestId,
      success: false,
      metadata: {
        resource_id: foreign.replace('id:', ''),
        resource_tenant_id: theirs.tenant.tenantId,
        principal_kind: own.token ? 'end_user' : isForPeople(operation) ? 'user' : 'service',
      },
    })
    expect(row.metadata.policy).toMatch(/^(?:own_application|own_user|tenant|account)$/)
    const ours = await server.call('GET', `${query}0`, { token: mine.tenant.token })
    expect(JSON.stringify(ours.body)).not.toContain(foreign.replace('id:', ''))
    const [unowned] = await server.database.sql.query<{ tenant_id: string }>(
      `select tenant_id from audit_logs where event = 'authorization.denied' and metadata ->> 'resource_id' = $1`,
      [(none as string).replace('id:', '')],
    )
    expect(unowned?.tenant_id).toBe('system')
  })
})

describe('security 102: foreign and missing take the same time', () => {
  it.each(['applications.get', 'users.get', 'sessions.revoke'])(
    '%s: medians of 1,000 calls are less than 5 ms apart',
    async (name) => {
      const operation = named.find(([other]) => other === name)?.[1] as Operation
      const [mine, own] = await prepare(server, name)
      const theirs = await worldOf(server)
      const [parameter = ''] = operation.pathParameters
      const foreign = await foreignId(parameter, await sampleOf(name, theirs), theirs)
      const times = { foreign: [] as number[], missing: [] as number[] }
      for (let turn = 0; turn < 1000; turn++) {
        for (const kind of ['foreign', 'missing'] as const) {
          const value = kind === 'foreign' ? foreign : (missing[parameter]?.(operation) as string)
          const begun = performance.now()
          const { status } = await send(operation, mine, { ...own, params: { [parameter]: value } })
          times[kind].push(performance.now() - begun)
          expect(status).toBe(404)
        }
      }
      const median = (all: number[]) => all.sort((a, b) => a - b)[all.length >> 1] as number
      expect(Math.abs(median(times.foreign) - median(times.missing))).toBeLessThan(5)
    },
    60_000,
  )
})
