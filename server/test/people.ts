import { makePerson } from '../src/accounts/people.ts'
import { registerAgent } from '../src/agents/register.ts'
import type { App } from '../src/app.ts'
import { CONSOLE_CLIENT_ID } from '../src/console/console.ts'
import { mintKey } from '../src/keys/mint.ts'
import { type Ctx, systemContext } from '../src/platform/context.ts'
import type { Actor, Role } from '../src/platform/principal.ts'
import { writeTrail } from '../src/platform/trail.ts'
import { newSession, sessionColumns, sessionPlaceholders } from '../src/sessions/issue.ts'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import type { Answer, Call, Tenant } from './harness.ts'

/** Somebody beside a tenant's own service: a person with a role, a program with scopes; both perhaps with an actor. */
export type Who = { actor?: Actor } & ({ kind: 'user'; role: Role } | { kind: 'agent'; scopes: readonly string[] })

/** A person who signed up on the hosted page and is signed in to the dashboard. */
export type PersonAt = {
  headers: { cookie: string; origin: string }
  accountId: string
  personId: string
  tenantId: string
  applicationId: string
  device: Authenticator
  address: string
}

type Post = (method: string, path: string, options?: Call) => Promise<Answer>

async function inTransaction<T>({ deps }: App, work: (ctx: Ctx) => Promise<T>): Promise<T> {
  return deps.database.transaction(async (db, sql) => {
    const ctx = { ...systemContext(deps, 'test'), db, sql }
    const result = await work(ctx)
    await writeTrail(ctx, sql)
    return result
  })
}

async function accountOf({ deps }: App, tenantId: string): Promise<string> {
  const [row] = await deps.database.sql.query<{ account_id: string }>('select account_id from tenants where id = $1', [
    tenantId,
  ])
  if (!row) throw new Error(`${tenantId} is not a tenant`)
  return row.account_id
}

let people = 0

/**
 * A member of the tenant's account who is signed in to the dashboard, or an agent with a secret key for its application:
 * real rows and real credentials, made without the ceremonies that lead there.
 * @returns headers that present them
 */
export async function credentialOf(app: App, whose: Tenant, who: Who): Promise<Record<string, string>> {
  const accountId = await accountOf(app, whose.tenantId)
  const chosen = { 'x-app-id': whose.applicationId }
  if (who.kind === 'agent') {
    const scopes = [...who.scopes]
    const reach = { accountId, tenantId: whose.tenantId, name: 'Test agent', scopes, applicationIds: [] }
    const { secretKey } = await inTransaction(app, async (ctx) => {
      const { agentId } = await registerAgent(ctx, { ...reach, method: 'device', clientId: null, approvedBy: null })
      return mintKey(ctx, { ...reach, agentId, expiresAt: null, source: 'device' })
    })
    return { authorization: `Bearer ${secretKey}`, ...chosen }
  }
  const application = await app.deps.applications.byClientId.get(CONSOLE_CLIENT_ID)
  if (!application) throw new Error('there is no console')
  const token = await inTransaction(app, async (ctx) => {
    people += 1
    const personId = await makePerson(ctx, { address: `person${people}@example.com`, verified: false })
    await ctx.db.member.create({ data: { accountId, personId, role: who.role, createdAt: ctx.now() } })
    const subject = { userId: personId, externalUserId: null, claims: {} }
    const session = newSession(ctx, application, subject, { method: 'passkey', credentialId: null })
    await ctx.sql.query(`insert into sessions (${sessionColumns}) values (${sessionPlaceholders(1)})`, session.values)
    return session.token
  })
  return { cookie: `__Host-tm_session=${token}`, origin: app.deps.config.PUBLIC_URL, ...chosen }
}

const cookieOf = (answer: Answer): string => String(answer.headers['set-cookie']).split(';')[0] ?? ''

function taken(answer: Answer, status: number): Answer {
  if (answer.status !== status) throw new Error(`a sign-up step answered ${answer.status}: ${answer.text}`)
  return answer
}

/** Signs a person up on the hosted page, with a passkey, and in to the dashboard: over HTTP, as the page does. */
export async function signUpPerson(
  app: App,
  call: Post,
  ip: string,
  { company = 'Acme', address }: { company?: string; address?: string } = {},
): Promise<PersonAt> {
  people += 1
  const email = address ?? `founder${people}@example.com`
  const origin = app.deps.config.PUBLIC_URL
  const device = createAuthenticator()
  const started = taken(await call('POST', '/v1/onboarding/start', { body: { user_role: 'maintainer' }, ip }), 201)
  const path = `/v1/onboarding/${started.body.data.session_id}`
  const given = taken(await call('POST', `${path}/data`, { body: { company_name: company, email }, origin, ip }), 200)
  const headers = { cookie: cookieOf(given) }
  const { challenge, ceremony_id } = given.body.data
  const credential = device.register(challenge, { origin })
  const body = { ceremony_id, credential }
  const registered = taken(await call('POST', `${path}/register-passkey`, { body, origin, headers, ip }), 200)
  const done = taken(await call('POST', `${path}/complete`, { body: {}, origin, headers, ip }), 200)
  const { session_token } = done.body.data
  const opened = taken(await call('POST', '/v1/dashboard/session', { body: { session_token }, origin, ip }), 204)
  const tenantId: string = registered.body.data.tenant_id
  const accountId = await accountOf(app, tenantId)
  const account = await app.deps.accounts.get(accountId)
  return {
    headers: { cookie: cookieOf(opened), origin },
    accountId,
    personId: registered.body.data.user_id,
    tenantId,
    applicationId: account?.applications[0]?.id ?? '',
    device,
    address: email,
  }
}
