import { createAuthenticator } from '../authenticator.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import type { Seeded } from '../fuzz/seeded.ts'
import type { Answer, Call } from '../harness.ts'
import type { ChildServer } from './child-server.ts'
import { type Ledger, type TrackedTenant, type TrackedUser, tracked } from './ledger.ts'

/** Users that one worker keeps; two workers share a tenant, whose plan allows 15. */
const USERS_EACH = 6

let names = 0
const fresh = (what: string): string => {
  names += 1
  return `${what}_${names}`
}

const address = () => `10.9.${(names >> 8) & 255}.${names & 255}`

const sessionIdOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti

/** An answer that a healthy server does not give to these requests. */
function wanted(status: number, answer: Answer, what: string): Answer {
  if (answer.status !== status) throw new Error(`${what} answered ${answer.status}: ${answer.text}`)
  return answer
}

/** A tenant with a page, by the public calls. */
export async function openTenant(call: ChildServer['call'], ledger: Ledger): Promise<TrackedTenant> {
  const name = fresh('tenant')
  const ip = address()
  const made = wanted(200, await call('POST', '/v1/onboarding/ai', { body: { name }, ip }), 'onboarding').body
  const credentials = { grant_type: 'client_credentials', client_id: made.clientId, client_secret: made.clientSecret }
  const tenant = tracked({ ...made, token: '' })
  ledger.tenants.push(tenant)
  tenant.token = wanted(
    200,
    await call('POST', '/oauth/token', { body: credentials, ip }),
    'oauth.token',
  ).body.access_token
  const body = { allowed_origins: [ORIGIN] }
  const path = `/v1/applications/${tenant.applicationId}`
  wanted(200, await call('PATCH', path, { body, token: tenant.token }), 'applications.update')
  return tenant
}

/** One client that does one thing after another, and writes down what it was told. */
export function createWorker(ledger: Ledger, tenant: TrackedTenant, random: Seeded, mayConfigure: boolean) {
  const mine: TrackedUser[] = []
  let call: ChildServer['call']

  const admin = (method: string, path: string, options: Call = {}) =>
    call(method, path, { token: tenant.token, ...options })
  const browser = browserOf({ call: (method, path, options) => call(method, path, options) }, tenant)
  const present = () => mine.filter(({ fate }) => fate === 'there')
  const known = () => present().filter(({ device }) => device !== null)
  const live = () => present().flatMap(({ sessions }) => sessions.filter(({ fate }) => fate === 'there'))

  function newUser(key: string | null = null): TrackedUser {
    const user: TrackedUser = {
      ...{ tenant, name: fresh('user'), fate: 'unknown', key, id: null },
      ...{ device: null, passkeys: [], erasing: false, murky: false, sessions: [] },
    }
    mine.push(user)
    ledger.users.push(user)
    return user
  }

  async function create(key: string | null): Promise<void> {
    const user = newUser(key)
    const answer = await createAgain(user)
    user.id = answer.body.data.id
    user.fate = 'there'
    if (key === null || random.chance(0.5)) return
    const replay = await createAgain(user)
    if (replay.text !== answer.text) throw new Error(`a replay differs: ${replay.text}`)
  }

  async function createAgain({ name, key }: TrackedUser): Promise<Answer> {
    const headers: Record<string, string> = key ? { 'idempotency-key': key } : {}
    const body = { external_user_id: name, email: `${name}@example.com` }
    return wanted(201, await admin('POST', '/v1/users', { body, headers }), 'users.create')
  }

  async function erase(user: TrackedUser): Promise<void> {
    user.fate = 'unknown'
    user.erasing = true
    wanted(204, await admin('DELETE', `/v1/users/${user.name}`), 'users.delete')
    user.fate = 'gone'
    tenant.erased += 1
  }

  async function register(user: TrackedUser): Promise<void> {
    const started = wanted(200, await browser.startRegistration({ name: user.name }), 'register.start')
    const device = createAuthenticator()
    user.murky = true
    const { data } = wanted(200, await browser.finishRegistration(started, { device }), 'register.finish').body
    Object.assign(user, { fate: 'there', murky: false, device, passkeys: [...user.passkeys, data.credential_id] })
    const token: string = data.session_token
    user.sessions.push({ id: sessionIdOf(token), token, fate: 'there' })
  }

  async function signIn(user: TrackedUser): Promise<void> {
    if (!user.device) return
    const started = wanted(200, await browser.startSignIn({ name: user.name }), 'auth.start')
    const finished = wanted(200, await browser.finishSignIn(started, { device: user.device }), 'auth.finish')
    const token: string = finished.body.data.session_token
    user.sessions.push({ id: sessionIdOf(token), token, fate: 'there' })
  }

  async function revoke(): Promise<void> {
    const session = random.pick(live())
    session.fate = 'unknown'
    wanted(204, await admin('DELETE', `/v1/sessions/${session.id}`), 'sessions.revoke')
    session.fate = 'gone'
  }

  async function look(): Promise<void> {
    const session = random.pick(random.pick(known()).sessions)
    const expected = session.fate === 'there' ? 200 : 401
    const answer = await call('GET', '/v1/sessions/validate', { token: session.token, origin: ORIGIN })
    wanted(expected, answer, 'sessions.validate')
  }

  async function configure(): Promise<void> {
    const { seconds } = tenant
    // Longer than any run: a session that expires meanwhile is not lost.
    seconds.asked = 43_200 + random.below(43_200)
    const body = { session_ttl_seconds: seconds.asked }
    wanted(200, await admin('PATCH', `/v1/applications/${tenant.applicationId}`, { body }), 'applications.update')
    seconds.set = seconds.asked
  }

  /** What may be done now, each as often as it is listed. */
  function steps(): (() => Promise<unknown>)[] {
    const users = present()
    const withDevice = known()
    const hasRoom = mine.filter(({ fate }) => fate !== 'gone').length < USERS_EACH
    return [
      ...(hasRoom ? [() => create(null), () => create(fresh('key')), () => register(newUser())] : []),
      ...(users.length > 0 ? [() => erase(random.pick(users))] : []),
      ...(users.length > withDevice.length ? [() => register(random.pick(users.filter((one) => !one.device)))] : []),
      ...(withDevice.length > 0 ? [1, 2, 3].map(() => () => signIn(random.pick(withDevice))) : []),
      ...(withDevice.length > 0 ? [look] : []),
      ...(live().length > 0 ? [revoke] : []),
      ...(mayConfigure ? [configure] : []),
      ...(random.chance(0.1) ? [() => openTenant(call, ledger)] : []),
    ]
  }

  return {
    /** Works until `isOver`; only then a connection may break. */
    async run(server: ChildServer, isOver: () => boolean, acknowledged: () => void): Promise<void> {
      call = server.call
      while (!isOver()) {
        try {
          await random.pick(steps())()
          acknowledged()
        } catch (error) {
          if (isOver() && isLostConnection(error)) return
          throw error
        }
      }
    },

    /** After a restart: asks about what was never answered, as a client would. */
    async settle(server: ChildServer): Promise<void> {
      call = server.call
      tenant.seconds.set = wanted(
        200,
        await admin('GET', `/v1/applications/${tenant.applicationId}`),
        'applications.get',
      ).body.data.session_ttl_seconds
      tenant.seconds.asked = tenant.seconds.set
      for (const user of mine) {
        if (user.fate === 'unknown') await settleUser(user)
        if (user.fate === 'there' && user.murky) await erase(user)
        for (const session of user.fate === 'there' ? user.sessions : []) {
          const { status } = await call('GET', '/v1/sessions/validate', { token: session.token, origin: ORIGIN })
          if (session.fate === 'unknown') session.fate = status === 200 ? 'there' : 'gone'
          if ((status === 200) !== (session.fate === 'there')) throw new Error(`${session.id} is not ${session.fate}`)
        }
      }
    },
  }

  async function settleUser(user: TrackedUser): Promise<void> {
    if (user.key && !user.erasing) {
      // Whether the first one was executed or not, the retry makes it one user and says the same from then on.
      const first = await createAgain(user)
      const second = await createAgain(user)
      if (first.text !== second.text) throw new Error(`a retry differs: ${first.text} and ${second.text}`)
      user.id = first.body.data.id
    }
    const { status, text } = await admin('GET', `/v1/users/${user.name}`)
    if (status !== 200 && status !== 404) throw new Error(`users.get answered ${status}: ${text}`)
    user.fate = status === 200 ? 'there' : 'gone'
    if (user.erasing && status === 404) tenant.erased += 1
    // An erasure that was not executed is repeated; so it is with a creation that nobody was told about.
    if (status === 200 && (user.erasing || !user.key)) await erase(user)
  }
}

/** fetch says so when the other side is gone. */
const isLostConnection = (error: unknown): boolean =>
  error instanceof TypeError && /^(?:fetch failed|terminated)$/.test(error.message)
