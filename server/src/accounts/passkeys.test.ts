import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../test/authenticator.ts'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import { personPasskeys } from '../../test/person-passkeys.ts'
import { CONSOLE_CLIENT_ID, CONSOLE_TENANT_ID } from '../console/console.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const missing = 'cred_0000000000000000000000'
const origin = 'https://auth.example.com'

async function somebody() {
  const person = await server.person()
  return { person, ...personPasskeys(server, person) }
}

const rowsOf = (event: string, tenantId: string) =>
  server.database.sql.query<Record<string, unknown>>(
    'select actor, user_id, application_id, metadata from audit_logs where event = $1 and tenant_id = $2 order by id',
    [event, tenantId],
  )

const sessionsOf = async (personId: string) =>
  (await server.database.sql.query('select 1 from sessions where user_id = $1::uuid', [personId])).length

/** Signs in to the console with an authenticator, as the dashboard's page does. */
async function signIn(device: Authenticator) {
  const call = (path: string, body: object) =>
    server.call('POST', path, { token: CONSOLE_CLIENT_ID, origin, body, ip: freshAddress() })
  const { session_id, challenge } = (await call('/v1/passkeys/auth/start', {})).body.data
  return call('/v1/passkeys/auth/finish', { session_id, credential: device.authenticate(challenge, { origin }) })
}

describe('GET /v1/account/passkeys', () => {
  it('200 lists the own ones newest first by pages, and refuses the cursor of somebody else', async () => {
    const { list, add } = await somebody()
    server.clock.advance(1)
    const { id } = await add('Phone')
    const top = (await list('?limit=1')).body.data
    expect(top).toMatchObject({ data: [{ credential_id: id, alias: 'Phone', status: 'active' }], has_more: true })
    const rest = (await list(`?limit=1&starting_after=${id}`)).body.data
    expect(rest).toMatchObject({ data: [{ alias: null }], has_more: false, next_cursor: null })
    expect(rest.data[0].last_used_at).not.toBe(null)
    const other = await somebody()
    expect((await other.list()).body.data.data).toHaveLength(1)
    expect((await other.list(`?starting_after=${id}`)).status).toBe(400)
  })
})

describe('POST /v1/account/passkeys/register', () => {
  it('200 adds one that signs in, after a proof; no session comes with it, and the account’s trail has it', async () => {
    const { person, start, prove, finish, ids } = await somebody()
    const before = await sessionsOf(person.personId)
    const { session_id, challenge } = (await start(await prove('account.passkeys.register'))).body.data
    expect(challenge).toMatchObject({
      rp: { id: 'auth.example.com' },
      user: { name: person.address, displayName: person.address },
      authenticatorSelection: { userVerification: 'required', residentKey: 'required' },
      excludeCredentials: [{ id: person.device.credentials[0]?.id.toString('base64url') }],
    })
    const device = createAuthenticator()
    const done = await finish(session_id, device.register(challenge, { origin }), 'Phone')
    expect([done.status, done.headers['set-cookie'], done.text]).toEqual([200, undefined, done.text])
    expect(done.body.data).toEqual({ credential_id: expect.stringMatching(/^cred_/), status: 'active' })
    expect(await sessionsOf(person.personId)).toBe(before)
    expect(await ids()).toHaveLength(2)
    expect((await signIn(device)).status).toBe(200)
    const acted = { actor: { kind: 'user', id: person.personId }, user_id: null, application_id: null }
    expect(await rowsOf('registration.started', person.tenantId)).toMatchObject([acted])
    expect(await rowsOf('passkey.registered', person.tenantId)).toMatchObject([
      { ...acted, metadata: { credential_id: done.body.data.credential_id, method: 'passkey' } },
    ])
  })

  it('401 step_up_required without a proof, with one for something else, and with one that was used', async () => {
    const { person, start, prove } = await somebody()
    const used = await prove('account.passkeys.register')
    expect((await start(used)).status).toBe(200)
    for (const step_up of [undefined, await prove('keys.create'), used]) {
      const refused = await start(step_up)
      expect([refused.status, refused.body.error.code]).toEqual([401, 'step_up_required'])
    }
    const unverified = await prove('account.passkeys.register', undefined, { flags: (flags) => flags & ~0x04 })
    expect((await start(unverified)).body.error.code).toBe('user_verification_required')
    expect(await rowsOf('registration.started', person.tenantId)).toHaveLength(1)
  })

  it('400 session_expired for a ceremony of somebody else, used, or too old', async () => {
    const [one, two] = [await somebody(), await somebody()]
    const begun = async () => (await one.start(await one.prove('account.passkeys.register'))).body.data
    const register = (challenge: Parameters<Authenticator['register']>[0]) =>
      createAuthenticator().register(challenge, { origin })
    const [stolen, late] = [await begun(), await begun()]
    const finishes = [
      await two.finish(stolen.session_id, register(stolen.challenge)),
      await one.finish(stolen.session_id, register(stolen.challenge)),
    ]
    server.clock.advance(600)
    finishes.push(await one.finish(late.session_id, register(late.challenge)))
    for (const { status, body } of finishes) expect([status, body.error.code]).toEqual([400, 'session_expired'])
    expect([await one.ids(), await two.ids()].map(({ length }) => length)).toEqual([1, 1])
    expect(await rowsOf('auth.failed', two.person.tenantId)).toMatchObject([{ metadata: { reason: 'caller' } }])
  })

  it('401 verification_failed without user verification', async () => {
    const { start, prove, finish, ids } = await somebody()
    const { session_id, challenge } = (await start(await prove('account.passkeys.register'))).body.data
    const mutate = { flags: (flags: number) => flags & ~0x04 }
    const refused = await finish(session_id, createAuthenticator().register(challenge, { origin, mutate }))
    expect([refused.status, refused.body.error.code]).toEqual([401, 'verification_failed'])
    expect(await ids()).toHaveLength(1)
  })

  it('security 157: the dashboard’s session is no end user’s, so that no passkey comes or goes without the proof', async () => {
    const { person, ids } = await somebody()
    const cookie = person.headers.cookie.split('=')[1] as string
    const { session_token } = (await signIn(person.device)).body.data
    const [id] = await ids()
    for (const token of [cookie, session_token]) {
      for (const [method, path, body] of [
        ['POST', '/v1/passkeys/register/start', {}],
        ['GET', '/v1/passkeys', undefined],
        ['DELETE', `/v1/passkeys/${id}`, undefined],
        ['GET', '/v1/sessions/validate', undefined],
      ] as const) {
        const refused = await server.call(method, path, { token, origin, ...(body ? { body } : {}) })
        expect([path, refused.status, refused.body.error.code]).toEqual([path, 401, 'invalid_session_token'])
      }
    }
    expect((await signIn(person.device)).status).toBe(200)
  })
})

describe('PATCH /v1/account/passkeys/{credential_id}', () => {
  it('200 renames the own one; another’s does not exist, and keeps its name', async () => {
    const [one, two] = [await somebody(), await somebody()]
    const [[mine = ''], [theirs = '']] = [await one.ids(), await two.ids()]
    const renamed = await one.rename(mine, 'Laptop')
    expect([renamed.status, renamed.body.data.alias]).toEqual([200, 'Laptop'])
    const refused = await one.rename(theirs, 'Mine')
    expect([refused.status, refused.text]).toEqual([404, (await one.rename(missing, 'Mine')).text])
    expect((await two.list()).body.data.data[0].alias).toBe(null)
    expect(await rowsOf('authorization.denied', two.person.tenantId)).toMatchObject([
      { metadata: { resource_id: theirs, resource_type: 'credential', principal_kind: 'user' } },
    ])
    expect((await one.rename(mine, '')).status).toBe(400)
  })
})

describe('POST /v1/account/passkeys/{credential_id}/remove', () => {
  it('204 with a proof of any: it signs in no more, with one event however often it is asked', async () => {
    const { person, ids, add, remove } = await somebody()
    const [first = ''] = await ids()
    const { device } = await add()
    expect((await remove(first, device)).status).toBe(204)
    expect((await remove(first, device)).status).toBe(204)
    expect(await ids()).toHaveLength(1)
    expect((await signIn(person.device)).body.error.code).toBe('credential_not_found')
    expect((await signIn(device)).status).toBe(200)
    expect(await rowsOf('credential.revoked', person.tenantId)).toEqual([
      {
        actor: { kind: 'user', id: person.personId },
        user_id: null,
        application_id: null,
        metadata: { credential_id: first, reason: 'user', by: person.personId },
      },
    ])
    expect(await rowsOf('credential.revoked', CONSOLE_TENANT_ID)).toEqual([])
    // The open session is another passkey's or its own: it goes on until it ends, as for every user.
    expect((await server.call('GET', '/v1/account', { headers: person.headers })).status).toBe(200)
  })

  it('409 last_credential for the last that works, before any proof is asked for', async () => {
    const { ids, add, remove, take } = await somebody()
    const [first = ''] = await ids()
    const { id, device } = await add()
    expect((await remove(first, device)).status).toBe(204)
    const refused = await take(id)
    expect([refused.status, refused.body.error.code]).toEqual([409, 'last_credential'])
  })

  it('401 step_up_required without a proof, and with one for another passkey: nothing goes', async () => {
    const { ids, add, take, prove } = await somebody()
    const [first = ''] = await ids()
    const { id } = await add()
    for (const step_up of [undefined, await prove(`account.passkeys.remove:${id}`), await prove('keys.create')]) {
      const refused = await take(first, step_up)
      expect([refused.status, refused.body.error.code]).toEqual([401, 'step_up_required'])
    }
    expect(await ids()).toHaveLength(2)
  })

  it('404 for another’s, as for a missing one, and it still works', async () => {
    const [one, two] = [await somebody(), await somebody()]
    const { id, device } = await two.add()
    const refused = await one.remove(id)
    expect([refused.status, refused.text]).toEqual([404, (await one.remove(missing)).text])
    expect((await signIn(device)).status).toBe(200)
  })
})
