import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator, type Mutation } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { cborMap } from '../../test/encode-cbor.ts'
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

const failures = async (tenant: Tenant) => {
  const { body } = await server.call('GET', '/v1/audit-logs?limit=100&event=auth.failed', { token: tenant.token })
  return body.data.data as { user_id: string | null; metadata: Record<string, unknown> }[]
}

const column = async (columns: string, table: string, id: string) =>
  (
    await server.database.sql.query<Record<string, unknown>>(
      `select ${columns} from ${table} where id ${table === 'users' ? '= $1::uuid' : '= $1'}`,
      [id],
    )
  )[0]

type Case = [name: string, mutate: Mutation, status: number, code: string, reason: string]
const members = (change: object) => (sent: object) => ({ ...sent, ...change })
const challengeAs = (write: (bytes: Buffer) => string): Mutation => ({
  clientData: (sent) => ({ ...sent, challenge: write(Buffer.from(sent.challenge as string, 'base64url')) }),
})
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
const originAs = (origin: string): Mutation => ({ clientData: members({ origin }) })

const hostile: Case[] = [
  mismatch('security 1: an outer type that is not public-key', { response: members({ type: 'password' }) }, 'type'),
  mismatch(
    'security 3: client data that is no JSON object',
    { clientDataJson: () => Buffer.from('[]') },
    'client_data',
  ),
  mismatch('security 4: the type of a sign-in', { clientData: members({ type: 'webauthn.get' }) }, 'type'),
  mismatch('security 5: a type in another case', { clientData: members({ type: 'WebAuthn.create' }) }, 'type'),
  mismatch('security 5: a type with a space', { clientData: members({ type: 'webauthn.create ' }) }, 'type'),
  mismatch('security 6: a challenge of ours with one bit flipped', challengeAs(flipped), 'challenge'),
  mismatch(
    'security 6: a challenge that nobody issued',
    challengeAs(() => Buffer.alloc(32).toString('base64url')),
    'challenge',
  ),
  mismatch(
    'security 7: the challenge with padding',
    challengeAs((bytes) => `${bytes.toString('base64url')}=`),
    'challenge',
  ),
  mismatch('security 8: an origin that is not listed', originAs('https://evil.example'), 'origin_not_allowed'),
  mismatch('security 9: an origin that ours is a prefix of', originAs(`${ORIGIN}.evil.tld`), 'origin_not_allowed'),
  mismatch('security 9: our origin as user name', originAs(`${ORIGIN}@evil.tld`), 'origin_not_allowed'),
  mismatch('security 9: upper case in the host', originAs('https://APP.example.com'), 'origin_not_allowed'),
  mismatch('security 9: a trailing dot', originAs(`${ORIGIN}.`), 'origin_not_allowed'),
  mismatch('security 9: a trailing slash', originAs(`${ORIGIN}/`), 'origin_not_allowed'),
  mismatch('security 9: another port', originAs(`${ORIGIN}:8443`), 'origin_not_allowed'),
  mismatch('security 9: another scheme', originAs('http://app.example.com'), 'origin_not_allowed'),
  mismatch('security 10: a frame without a policy', { clientData: members({ crossOrigin: true }) }, 'cross_origin'),
  mismatch('security 12: a top origin without a frame', { clientData: members({ topOrigin: ORIGIN }) }, 'top_origin'),
  mismatch('security 21: the hash of another RP', { rpIdHash: Buffer.alloc(32, 1) }, 'rp_id'),
  failed('security 22: no user presence', { flags: (flags) => flags & ~1 }, 'user_presence'),
  failed('security 25: backed up but not eligible', { flags: (flags) => (flags | 16) & ~8 }, 'backup_flags'),
  failed(
    'security 33: an unknown format',
    { attestation: () => ({ fmt: 'None', attStmt: cborMap() }) },
    'attestation_format',
  ),
  failed(
    'security 49: an outer id that is not the inner one',
    { response: members({ id: 'AAAA', rawId: 'AAAA' }) },
    'credential_id',
  ),
  failed('security 49: an id and a rawId that differ', { response: members({ rawId: 'AAAA' }) }, 'credential_id'),
]

function flipped(bytes: Buffer): string {
  const copy = Buffer.from(bytes)
  copy[31] = (copy[31] ?? 0) ^ 1
  return copy.toString('base64url')
}

describe('a registration response', () => {
  it.each(hostile)('is refused with %s; only the audit row says why', async (_name, mutate, status, code, reason) => {
    const { tenant, browser } = await setUp()
    const started = await browser.startRegistration({ name: 'ada' })
    const refused = await browser.finishRegistration(started, { device: createAuthenticator(), mutate })
    expect([refused.status, refused.body.error.code]).toEqual([status, code])
    expect(Object.keys(refused.body.error)).toEqual(['code', 'message'])
    expect((await failures(tenant)).map((row) => row.metadata)).toEqual([{ method: 'passkey', reason }])
    expect((await server.call('GET', '/v1/users/ada', { token: tenant.token })).status).toBe(404)
  })

  it.each([
    ['attestationObject', { attestationObject: 7 }],
    ['clientDataJSON', { clientDataJSON: null }],
    ['transports', { transports: 'usb' }],
  ])('security 2: is a 400 that names the field when %s has another type', async (field, change) => {
    const { browser } = await setUp()
    const started = await browser.startRegistration({ name: 'ada' })
    const response = (sent: { response: object }) => ({ ...sent, response: { ...sent.response, ...change } })
    const refused = await browser.finishRegistration(started, { device: createAuthenticator(), mutate: { response } })
    expect([refused.status, refused.body.error.code]).toEqual([400, 'validation_error'])
    expect(refused.body.error.message).toContain(`credential.response.${field}: `)
  })

  it('security 23: passes without user presence only where conditional creation was begun', async () => {
    const { browser } = await setUp()
    const mutate = { flags: (flags: number) => flags & ~1 }
    const conditional = await browser.startRegistration({ name: 'a', start: { mediation: 'conditional' } })
    expect((await browser.finishRegistration(conditional, { device: createAuthenticator(), mutate })).status).toBe(200)
    const modal = await browser.startRegistration({ name: 'b' })
    const refused = await browser.finishRegistration(modal, { device: createAuthenticator(), mutate })
    expect([refused.status, refused.body.error.code]).toEqual([401, 'verification_failed'])
  })

  it('security 24: needs user verification where the policy does, whatever the browser was asked', async () => {
    const { tenant, browser } = await setUp({ user_verification: 'required' })
    const started = await browser.startRegistration({ name: 'ada' })
    expect(started.body.data.challenge.authenticatorSelection.userVerification).toBe('required')
    started.body.data.challenge.authenticatorSelection.userVerification = 'preferred'
    const refused = await browser.finishRegistration(started, { device: createAuthenticator({ userVerified: false }) })
    expect([refused.status, refused.body.error.code]).toEqual([401, 'verification_failed'])
    expect((await failures(tenant))[0]?.metadata.reason).toBe('user_verification')
    const { device } = await browser.register('ada', createAuthenticator())
    expect(device.credentials).toHaveLength(1)
  })

  it('security 28: holds a key of an algorithm that this ceremony offered, whatever the browser was told', async () => {
    const { tenant, browser } = await setUp()
    const started = await browser.startRegistration({ name: 'ada' })
    await server.database.sql.query(
      `update ceremonies set facts = jsonb_set(facts, '{algorithms}', '[-257]') where id = $1::uuid`,
      [started.body.data.session_id],
    )
    const refused = await browser.finishRegistration(started, { device: createAuthenticator({ algorithm: -7 }) })
    expect([refused.status, refused.body.error.code]).toEqual([401, 'verification_failed'])
    expect((await failures(tenant))[0]?.metadata.reason).toBe('algorithm')
    const es384 = await browser.startRegistration({ name: 'ada' })
    const device = createAuthenticator({ algorithm: -35 })
    expect((await browser.finishRegistration(es384, { device })).body.error.code).toBe('verification_failed')
  })

  it('comes from the kind of authenticator that was asked for', async () => {
    const { tenant, browser } = await setUp()
    const finish = async (name: string, mutate: Mutation = {}) => {
      const started = await browser.startRegistration({ name, start: { authenticator_type: 'platform' } })
      expect(started.body.data.challenge.authenticatorSelection.authenticatorAttachment).toBe('platform')
      return browser.finishRegistration(started, { device: createAuthenticator(), mutate })
    }
    const refused = await finish('ada', { response: members({ authenticatorAttachment: 'cross-platform' }) })
    expect([refused.status, refused.body.error.code]).toEqual([401, 'verification_failed'])
    expect((await failures(tenant))[0]?.metadata.reason).toBe('attachment')
    expect((await finish('ada')).status).toBe(200)
    expect((await finish('eve', { response: members({ authenticatorAttachment: null }) })).status).toBe(200)
  })

  it('security 48: may hold a credential id of 1,023 bytes, and signs in with it', async () => {
    const { browser } = await setUp()
    const { device } = await browser.register('ada', createAuthenticator(), {
      mutate: { credentialId: Buffer.alloc(1023, server.clock().getTime() % 251) },
    })
    expect((await browser.signIn(device)).status).toBe(200)
    const started = await browser.startRegistration({ name: 'eve' })
    const mutate = { credentialId: Buffer.alloc(1024, 1) }
    const refused = await browser.finishRegistration(started, { device: createAuthenticator(), mutate })
    expect([refused.status, refused.body.error.code]).toEqual([401, 'verification_failed'])
  })
})

describe('what is stored', () => {
  it('security 26, 53: flags, counter, transports and bytes as the authenticator sent them', async () => {
    const { browser } = await setUp()
    const device = createAuthenticator({ backupEligible: true, backupState: true, counter: 9, userVerified: false })
    const response = (sent: { response: object }) => ({
      ...sent,
      backupEligible: false,
      response: { ...sent.response, transports: ['usb', 'carrier-pigeon', 'usb', 'hybrid'] },
    })
    const { data } = await browser.register('ada', device, { mutate: { response, aaguid: Buffer.alloc(16, 0xab) } })
    const row = await column(
      `webauthn_id, rp_id, algorithm, sign_count, transports, aaguid, attestation_type, attachment, backup_eligible,
       backup_state, uv_initialized, discoverable, length(attestation_object) as attested, convert_from(client_data_json, 'UTF8') as client`,
      'credentials',
      data.credential_id,
    )
    expect(row).toMatchObject({
      rp_id: 'app.example.com',
      algorithm: -7,
      sign_count: 9,
      transports: ['hybrid', 'usb'],
      aaguid: 'abababab-abab-abab-abab-abababababab',
      attestation_type: 'none',
      attachment: 'platform',
      backup_eligible: true,
      backup_state: true,
      uv_initialized: false,
      discoverable: true,
    })
    expect(Buffer.from(row?.webauthn_id as Uint8Array)).toEqual(device.credentials[0]?.id)
    expect(row?.attested).toBeGreaterThan(100)
    expect(JSON.parse(String(row?.client))).toMatchObject({ type: 'webauthn.create', origin: ORIGIN })
  })

  it('security 54: of extension outputs only what was asked for, and never a PRF result', async () => {
    const { browser } = await setUp()
    const clientExtensionResults = {
      credProps: { rk: true, __proto__: 1 },
      prf: { enabled: true, results: { first: 'c2VjcmV0' } },
      appid: true,
    }
    const { data } = await browser.register('ada', createAuthenticator(), {
      mutate: { response: members({ clientExtensionResults }) },
    })
    const row = await column('extensions', 'credentials', data.credential_id)
    expect(row?.extensions).toEqual({ credProps: { rk: true } })
    const leaks = await server.database.sql.query(`select 1 from audit_logs where metadata::text like '%c2VjcmV0%'`)
    expect([leaks, server.lines.join('').includes('c2VjcmV0')]).toEqual([[], false])
  })

  it('security 52: the user handle that the authenticator was given is that of the user that was made', async () => {
    const { browser } = await setUp()
    const started = await browser.startRegistration({ name: 'ada' })
    const handle = started.body.data.challenge.user.id
    const mutate = { response: members({ user: 'somebody', userHandle: 'AAAA', external_user_id: 'eve' }) }
    const finished = await browser.finishRegistration(started, { device: createAuthenticator(), mutate })
    const { user_id: userId, external_user_id: name } = finished.body.data.user
    expect([name, Buffer.from(handle, 'base64url').toString('hex')]).toEqual(['ada', userId.replaceAll('-', '')])
    const named = await browser.startRegistration({ name: 'eve', start: {} })
    const body = { session_id: named.body.data.session_id, external_user_id: 'ada', credential: {} }
    expect((await browser.post('/v1/passkeys/register/finish', body, {})).body.error.code).toBe('validation_error')
  })

  it('security 50: a credential id once per RP, whoever asks; again under another RP', async () => {
    const [mine, theirs] = [await setUp(), await setUp()]
    const id = Buffer.alloc(32, 7)
    await mine.browser.register('one', createAuthenticator(), { mutate: { credentialId: id } })
    for (const { tenant, browser } of [mine, theirs]) {
      const started = await browser.startRegistration({ name: 'two' })
      const device = createAuthenticator()
      const refused = await browser.finishRegistration(started, { device, mutate: { credentialId: id } })
      expect([refused.status, refused.body.error]).toEqual([
        409,
        { code: 'credential_exists', message: 'This passkey is registered already.' },
      ])
      expect((await failures(tenant))[0]).toMatchObject({ user_id: null, metadata: { reason: 'credential_exists' } })
      expect((await server.call('GET', '/v1/users/two', { token: tenant.token })).status).toBe(404)
    }
    const elsewhere = await server.tenant({ origins: ['https://other.example'] })
    const other = browserOf(server, elsewhere, 'https://other.example')
    const { data } = await other.register('one', createAuthenticator(), { mutate: { credentialId: id } })
    expect(data.status).toBe('active')
  })

  it('user.email is the verified address, and no other', async () => {
    const { tenant, browser } = await setUp()
    for (const [name, verified] of [
      ['ada', true],
      ['eve', false],
    ]) {
      const body = {
        external_user_id: name,
        email: `${name}@example.com`,
        email_verified: verified,
        metadata: { n: 1 },
      }
      expect((await server.call('POST', '/v1/users', { token: tenant.token, body })).status).toBe(201)
    }
    const ada = await browser.register('ada')
    expect(ada.data.user).toMatchObject({ email: 'ada@example.com', metadata: { n: 1 } })
    expect((await browser.signIn(ada.device)).body.data.user).toEqual(ada.data.user)
    const eve = await browser.register('eve')
    expect(Object.keys(eve.data.user)).toEqual(['user_id', 'external_user_id', 'is_anonymous', 'metadata'])
  })
})

describe('who may register', () => {
  it.each([
    ['open', 'stranger', true],
    ['open', 'seeded', true],
    ['open', 'veteran', false],
    ['open', undefined, true],
    ['preregistered', 'stranger', false],
    ['preregistered', 'seeded', true],
    ['preregistered', 'veteran', false],
    ['preregistered', undefined, false],
    ['ticket', 'stranger', false],
    ['ticket', 'seeded', false],
    ['ticket', 'veteran', false],
    ['ticket', undefined, false],
  ])('under %s, %s by name alone: %s, at the start and at the finish', async (policy, name, allowed) => {
    const { tenant, browser } = await setUp()
    const patch = (registration_policy: string) =>
      server.call('PATCH', `/v1/applications/${tenant.applicationId}`, {
        token: tenant.token,
        body: { registration_policy },
      })
    await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: 'seeded' } })
    // Begun under `open`, before the veteran's first passkey: the finish must find out for itself.
    const early = await browser.startRegistration({ name })
    await browser.register('veteran')
    if (policy !== 'open') await patch(policy)
    const start = await browser.startRegistration({ name })
    const finish = await browser.finishRegistration(early, { device: createAuthenticator() })
    const answer = allowed ? [200, undefined] : [403, 'registration_not_allowed']
    expect([finish.status, finish.body.error?.code]).toEqual(answer)
    expect([start.status, start.body.error?.code]).toEqual(answer)
    const recorded = (await failures(tenant)).map((row) => row.metadata.reason)
    expect(recorded).toEqual(allowed ? [] : ['registration_not_allowed'])
  })

  it('a session adds to its own user under every policy, and only while it lives', async () => {
    const { tenant, browser } = await setUp()
    const { token, data } = await browser.register('ada')
    await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, {
      token: tenant.token,
      body: { registration_policy: 'ticket' },
    })
    const added = await browser.register(undefined, createAuthenticator(), { session: token })
    expect(added.data.user.user_id).toBe(data.user.user_id)
    const other = await browser.startRegistration({ session: token, name: 'eve' })
    expect([other.status, other.body.error.message]).toEqual([
      400,
      'external_user_id: must be that of the session, or be left out',
    ])
    const started = await browser.startRegistration({ session: token, name: 'ada' })
    await server.call('POST', '/v1/sessions/current/logout', { token, origin: ORIGIN })
    const ended = await browser.finishRegistration(started, { device: createAuthenticator(), session: token })
    expect([ended.status, ended.body.error.code]).toEqual([401, 'invalid_session_token'])
    const byKey = await browser.finishRegistration(started, { device: createAuthenticator() })
    expect([byKey.status, byKey.body.error.code]).toEqual([400, 'session_expired'])
    expect((await failures(tenant))[0]?.metadata.reason).toBe('caller')
  })

  it('an anonymous user adds one too, and a backend may ask without an Origin', async () => {
    const { tenant, browser } = await setUp()
    const { token, data } = await browser.register(undefined)
    const { body } = await server.call('POST', '/v1/passkeys/register/start', { token, body: {} })
    expect(body.data.challenge.rp.id).toBe('app.example.com')
    const credential = createAuthenticator().register(body.data.challenge, { origin: ORIGIN })
    const finished = await server.call('POST', '/v1/passkeys/register/finish', {
      token,
      body: { session_id: body.data.session_id, credential },
    })
    expect([finished.status, finished.body.data.user.user_id]).toEqual([200, data.user.user_id])
    const users = await server.call('GET', '/v1/users', { token: tenant.token })
    expect(users.body.data.data).toHaveLength(1)
  })

  it('a name that another user took since the start is refused: the handle is not theirs', async () => {
    const { tenant, browser } = await setUp()
    const started = await browser.startRegistration({ name: 'ada' })
    const made = await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: 'ada' } })
    const refused = await browser.finishRegistration(started, { device: createAuthenticator() })
    expect([refused.status, refused.body.error.code]).toEqual([403, 'registration_not_allowed'])
    expect((await failures(tenant))[0]).toMatchObject({ user_id: made.body.data.id })
  })

  it('a disabled user registers nothing', async () => {
    const { tenant, browser } = await setUp()
    const made = await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: 'ada' } })
    await server.database.sql.query(`update users set status = 'disabled' where id = $1::uuid`, [made.body.data.id])
    expect((await browser.startRegistration({ name: 'ada' })).body.error.code).toBe('registration_not_allowed')
    expect(await column('authenticated_at', 'users', made.body.data.id)).toEqual({ authenticated_at: null })
  })

  it('security 235: erasing a user leaves no registration under way with its name', async () => {
    const { tenant, browser } = await setUp()
    const name = 'somebody-to-forget'
    const early = await browser.startRegistration({ name })
    await browser.register(name)
    expect((await server.call('DELETE', `/v1/users/${name}`, { token: tenant.token })).status).toBe(204)
    const late = await browser.finishRegistration(early, { device: createAuthenticator() })
    expect([late.status, late.body.error.code]).toEqual([400, 'session_expired'])
    const left = await server.database.sql.query('select 1 from ceremonies where facts::text like $1', [`%${name}%`])
    expect(left).toEqual([])
  })
})
