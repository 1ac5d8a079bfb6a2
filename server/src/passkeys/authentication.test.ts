import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator, type Mutation } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

async function setUp(settings: object = {}) {
  const tenant = await server.tenant({ origins: [ORIGIN], settings })
  return { tenant, browser: browserOf(server, tenant) }
}

type Row = { event: string; user_id: string | null; metadata: Record<string, unknown> }
const events = async (tenant: Tenant, query: string): Promise<Row[]> => {
  const { body } = await server.call('GET', `/v1/audit-logs?limit=100&${query}`, { token: tenant.token })
  return body.data.data
}
const failures = (tenant: Tenant) => events(tenant, 'event=auth.failed')
const stored = async (credentialId: string) =>
  (
    await server.database.sql.query<{ sign_count: number; backup_state: boolean; last_used_at: Date | null }>(
      'select sign_count, backup_state, last_used_at from credentials where id = $1',
      [credentialId],
    )
  )[0]
const setStatus = (userId: string, status: string) =>
  server.database.sql.query('update users set status = $2 where id = $1::uuid', [userId, status])

const members = (change: object) => (sent: object) => ({ ...sent, ...change })
const inner = (change: object) => (sent: { response: object }) => ({
  ...sent,
  response: { ...sent.response, ...change },
})

type Case = [name: string, mutate: Mutation, status: number, code: string, reason: string]
const mismatch = (name: string, mutate: Mutation, reason: string): Case => [
  name,
  mutate,
  400,
  'challenge_mismatch',
  reason,
]
const failed = (name: string, mutate: Mutation, reason: string): Case => [
  name,
  mutate,
  401,
  'verification_failed',
  reason,
]
const unknown = (name: string, mutate: Mutation): Case => [
  name,
  mutate,
  404,
  'credential_not_found',
  'unknown_credential',
]

const hostile: Case[] = [
  failed(
    'security 58: the handle of another user',
    { userHandle: Buffer.alloc(16, 3).toString('base64url') },
    'user_handle',
  ),
  failed('security 59: no user handle in the discoverable flow', { userHandle: null }, 'user_handle'),
  failed('security 59: an empty user handle in the discoverable flow', { userHandle: '' }, 'user_handle'),
  unknown('security 61: the id of no credential', { response: members({ id: 'AAAA', rawId: 'AAAA' }) }),
  unknown('security 61: an id that is not base64url', { response: members({ id: 'A+/=', rawId: 'A+/=' }) }),
  failed('security 61: a rawId that is not the id', { response: members({ rawId: 'AAAA' }) }, 'credential_id'),
  mismatch('security 64: the type of a registration', { clientData: members({ type: 'webauthn.create' }) }, 'type'),
  mismatch('security 66: the hash of another RP', { rpIdHash: Buffer.alloc(32, 1) }, 'rp_id'),
  mismatch(
    'security 66: an origin that is not listed',
    { clientData: members({ origin: 'https://evil.example' }) },
    'origin_not_allowed',
  ),
  mismatch('security 66: a frame without a policy', { clientData: members({ crossOrigin: true }) }, 'cross_origin'),
  mismatch('security 66: a top origin without a frame', { clientData: members({ topOrigin: ORIGIN }) }, 'top_origin'),
  failed('security 67: no user presence', { flags: (flags) => flags & ~1 }, 'user_presence'),
  failed(
    'security 68: a credential that became eligible for backup',
    { flags: (flags) => flags | 8 },
    'backup_eligibility',
  ),
  failed('security 69: backed up but not eligible', { flags: (flags) => flags | 16 }, 'backup_flags'),
  failed(
    'security 70: a signature with one bit flipped',
    { signature: (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)]) },
    'signature',
  ),
  failed('security 70: an algorithm of its own', { response: inner({ signature: 'AAAA', alg: -257 }) }, 'signature'),
]

describe('an assertion', () => {
  it.each(hostile)('is refused with %s; only the audit row says why', async (_name, mutate, status, code, reason) => {
    const { tenant, browser } = await setUp()
    const { device, data } = await browser.register('ada')
    const refused = await browser.signIn(device, { mutate })
    expect([refused.status, refused.body.error.code]).toEqual([status, code])
    expect(Object.keys(refused.body.error)).toEqual(['code', 'message'])
    const known = reason === 'unknown_credential' ? {} : { credential_id: data.credential_id }
    expect((await failures(tenant)).map((row) => row.metadata)).toEqual([{ method: 'passkey', reason, ...known }])
    expect(await events(tenant, 'event=auth.success')).toHaveLength(1)
    expect((await stored(data.credential_id))?.last_used_at).toBeNull()
  })

  it('security 56, 57: is refused for a credential that was not offered, the own or another user’s', async () => {
    const { tenant, browser } = await setUp()
    const [ada, eve] = [await browser.register('ada'), await browser.register('eve')]
    const second = createAuthenticator()
    const forAda = [await browser.startSignIn({ name: 'ada' }), await browser.startSignIn({ name: 'ada' })]
    await browser.register(undefined, second, { session: ada.token })
    for (const [i, device] of [eve.device, second].entries()) {
      const started = forAda[i]?.body.data
      const credential = device.authenticate({ ...started.challenge, allowCredentials: [] }, { origin: ORIGIN })
      const body = { session_id: started.session_id, credential }
      const refused = await browser.post('/v1/passkeys/auth/finish', body, {})
      expect([refused.status, refused.body.error.code]).toEqual([404, 'credential_not_found'])
    }
    const reasons = (await failures(tenant)).map((row) => row.metadata.reason)
    expect(reasons).toEqual(['credential_not_offered', 'credential_not_offered'])
  })

  it('security 57: of a decoy is refused like any unknown credential', async () => {
    const { browser } = await setUp()
    const { device } = await browser.register('ada')
    const started = await browser.startSignIn({ name: 'nobody' })
    const [decoy] = started.body.data.challenge.allowCredentials
    const sign = (response: object) => ({ ...response, id: decoy.id, rawId: decoy.id })
    const credential = device.authenticate(
      { ...started.body.data.challenge, allowCredentials: [] },
      { origin: ORIGIN, mutate: { response: sign } },
    )
    const refused = await browser.post(
      '/v1/passkeys/auth/finish',
      { session_id: started.body.data.session_id, credential },
      {},
    )
    expect([refused.status, refused.body.error.code]).toEqual([404, 'credential_not_found'])
  })

  it('security 58, 60: names no user, or the owner, when the user was named', async () => {
    const { browser } = await setUp()
    const device = createAuthenticator()
    const mutate = { response: members({ clientExtensionResults: { credProps: { rk: false } } }) }
    await browser.register('ada', device, { mutate })
    expect((await browser.signIn(device, { name: 'ada', mutate: { userHandle: null } })).status).toBe(200)
    expect((await browser.signIn(device, { name: 'ada' })).status).toBe(200)
    const wrong = Buffer.alloc(16, 3).toString('base64url')
    expect((await browser.signIn(device, { name: 'ada', mutate: { userHandle: wrong } })).status).toBe(401)
    // Registered as not discoverable, used so all the same: the handle decides.
    expect((await browser.signIn(device)).status).toBe(200)
    expect((await browser.signIn(device, { mutate: { userHandle: null } })).status).toBe(401)
  })

  it('security 62, 63: of a revoked passkey, a disabled and an erased user answers like an unknown one', async () => {
    const { tenant, browser } = await setUp()
    const { device, data } = await browser.register('ada')
    const stranger = createAuthenticator()
    await (await setUp()).browser.register('x', stranger)
    const answers = [await browser.signIn(stranger)]
    await setStatus(data.user.user_id, 'disabled')
    answers.push(await browser.signIn(device))
    await setStatus(data.user.user_id, 'active')
    const path = `/v1/users/ada/credentials/${data.credential_id}`
    const started = await browser.startSignIn({ name: 'ada' })
    await server.call('DELETE', path, { token: tenant.token })
    answers.push(await browser.signIn(device), await browser.finishSignIn(started, { device }))
    const reasons = (await failures(tenant)).map((row) => row.metadata.reason)
    expect(reasons).toEqual(['credential_revoked', 'credential_revoked', 'user_disabled', 'unknown_credential'])
    await server.call('DELETE', '/v1/users/ada', { token: tenant.token })
    answers.push(await browser.signIn(device))
    for (const answer of answers) expect([answer.status, answer.text]).toEqual([404, answers[0]?.text])
    expect((await failures(tenant))[0]).toMatchObject({ user_id: null, metadata: { reason: 'unknown_credential' } })
  })

  it('423 for a locked user, begun before the lock or after it, and nothing is opened', async () => {
    const { tenant, browser } = await setUp()
    const { device, data } = await browser.register('ada')
    const started = await browser.startSignIn({ name: 'ada' })
    await server.database.sql.query('update users set locked_until = $2 where id = $1::uuid', [
      data.user.user_id,
      new Date(server.clock().getTime() + 60_000),
    ])
    for (const answer of [await browser.finishSignIn(started, { device }), await browser.signIn(device)]) {
      expect([answer.status, answer.body.error.code, answer.headers['retry-after']]).toEqual([423, 'user_locked', '60'])
    }
    const row = {
      user_id: data.user.user_id,
      metadata: { reason: 'user_locked', credential_id: data.credential_id },
    }
    expect(await failures(tenant)).toMatchObject([row, row])
    expect(await events(tenant, 'event=auth.success')).toHaveLength(1)
  })

  it('security 67: needs user verification where the policy does', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada', createAuthenticator({ userVerified: false }))
    const unverified = await browser.signIn(device)
    expect(unverified.body.data.signals).toEqual({
      userVerification: false,
      backupEligible: false,
      backupStatus: false,
    })
    expect((await events(tenant, 'event=auth.success'))[0]?.metadata.user_verified).toBe(false)
    await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, {
      token: tenant.token,
      body: { user_verification: 'required' },
    })
    const refused = await browser.signIn(device)
    expect([refused.status, refused.body.error.code]).toEqual([401, 'verification_failed'])
    expect((await failures(tenant))[0]?.metadata.reason).toBe('user_verification')
  })

  it('custom claims: the browser sets only what it may', async () => {
    const rules = { theme: { type: 'string', client_settable: true }, admin: { type: 'boolean' } }
    const { browser } = await setUp({ custom_claims_schema: rules })
    const { device } = await browser.register('ada')
    for (const [claims, code] of [
      [{ admin: true }, 'session_custom_claim_not_whitelisted'],
      [{ theme: 7 }, 'session_custom_claim_not_whitelisted'],
      [{ other: 'x' }, 'session_custom_claim_not_whitelisted'],
      [{ theme: 'x'.repeat(2048) }, 'session_custom_claims_limit_exceeded'],
    ]) {
      const refused = await browser.signIn(device, { finish: { custom_claims: claims } })
      expect([refused.status, refused.body.error.code]).toEqual([400, code])
    }
    const { body } = await browser.signIn(device, { finish: { custom_claims: { theme: 'dark' } } })
    const valid = await server.call('GET', '/v1/sessions/validate', { token: body.data.session_token })
    expect(valid.body.data.custom_claims).toEqual({ theme: 'dark' })
  })
})

describe('the counter and the backup state', () => {
  it('security 69, 76: the state, the count and the time of use follow the last sign-in', async () => {
    const { browser } = await setUp()
    const device = createAuthenticator({ backupEligible: true, backupState: false, counter: 1 })
    const { data } = await browser.register('ada', device)
    expect(await stored(data.credential_id)).toEqual({ sign_count: 1, backup_state: false, last_used_at: null })
    for (const backupState of [true, false]) {
      server.clock.advance(10)
      const answer = await browser.signIn(device, { mutate: { flags: (flags) => (backupState ? flags | 16 : flags) } })
      expect(answer.body.data.signals).toMatchObject({ backupEligible: true, backupStatus: backupState })
      expect(await stored(data.credential_id)).toMatchObject({
        backup_state: backupState,
        last_used_at: server.clock(),
      })
    }
    expect(await stored(data.credential_id)).toMatchObject({ sign_count: 3 })
  })

  it.each([
    ['below the stored one', 3],
    ['equal to the stored one', 6],
    ['gone to zero', 0],
  ])('security 73: a count %s is refused and recorded, and never lowers it', async (_name, counter) => {
    const { tenant, browser } = await setUp()
    const { device, data } = await browser.register('ada', createAuthenticator({ counter: 5 }))
    expect((await browser.signIn(device)).status).toBe(200)
    const replay = await browser.signIn(device, { mutate: { counter } })
    expect([replay.status, replay.body.error.code]).toEqual([401, 'replay_detected'])
    const metadata = { credential_id: data.credential_id, stored: 6, received: counter, action: 'reject' }
    expect(await events(tenant, 'event=credential.replay_detected')).toMatchObject([{ metadata }])
    expect((await failures(tenant))[0]?.metadata).toMatchObject({ reason: 'sign_count' })
    expect((await stored(data.credential_id))?.sign_count).toBe(6)
    expect(await events(tenant, 'event=auth.success')).toHaveLength(2)
  })

  it('security 73: under `flag` it passes, recorded and not lowered, in the same transaction as the session', async () => {
    const { tenant, browser } = await setUp({ replay_policy: 'flag' })
    const { device, data } = await browser.register('ada', createAuthenticator({ counter: 5 }))
    const flagged = await browser.signIn(device, { mutate: { counter: 2 } })
    expect(flagged.status).toBe(200)
    expect((await stored(data.credential_id))?.sign_count).toBe(5)
    const [replay] = await events(tenant, 'event=credential.replay_detected')
    expect(replay?.metadata).toMatchObject({ stored: 5, received: 2, action: 'flag' })
    const transactions = await server.database.sql.query<{ xid: string }>(
      `select distinct a.xmin::text as xid from audit_logs a where a.tenant_id = $1
       and (a.event = 'credential.replay_detected' or a.metadata ->> 'session_id' = $2)`,
      [tenant.tenantId, JSON.parse(atob(flagged.body.data.session_token.split('.')[1])).jti],
    )
    expect(transactions).toHaveLength(1)
    expect(await failures(tenant)).toEqual([])
  })

  it('security 73: two counts of zero are no replay', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    for (let i = 0; i < 2; i++) expect((await browser.signIn(device)).status).toBe(200)
    expect(await events(tenant, 'event=credential.replay_detected')).toEqual([])
  })
})
