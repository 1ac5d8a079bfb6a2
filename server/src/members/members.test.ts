import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../test/authenticator.ts'
import { approvalPage, askForCode } from '../../test/device-flow.ts'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import { accept, consoleSignIn, entered, invited, invitedSignUp, joins, tokenTo } from '../../test/invitations.ts'
import { codeFor, redeem, registerClient } from '../../test/oauth-client.ts'
import type { PersonAt } from '../../test/people.ts'
import { stepUp } from '../../test/samples.ts'
import { personByAddress } from '../accounts/people.ts'
import { systemContext } from '../platform/context.ts'
import { purgeInvitations } from './purge.ts'

let server: TestApp
let owner: PersonAt
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

type Headers = Record<string, string>
const ask = (method: string, path: string, headers: Headers, body?: object) =>
  server.call(method, path, { headers, ip: freshAddress(), ...(body ? { body } : {}) })
const get = async (path: string, { headers }: { headers: Headers }) => ask('GET', path, headers)
const remove = (who: { headers: Headers }, personId: string) =>
  ask('DELETE', `/v1/account/members/${personId}`, who.headers)
const invite = (who: { headers: Headers }, email: string, role = 'viewer') =>
  ask('POST', '/v1/account/members', who.headers, { email, role })
const codeOf = ({ status, body }: { status: number; body: { error?: { code: string } } }) => [status, body?.error?.code]
const atPage = (path: string, body: object) =>
  server.call('POST', path, { body, origin: 'https://auth.example.com', ip: freshAddress() })
const eventsOf = async ({ headers, applicationId }: PersonAt) => {
  const { body } = await ask('GET', '/v1/audit-logs', { ...headers, 'x-app-id': applicationId })
  return body.data.data as { event: string; actor: { id: string }; metadata: Record<string, unknown> }[]
}

beforeAll(async () => {
  owner = await server.person({ company: 'Acme' })
})

describe('inviting somebody', () => {
  it('sends a link whose token is in the fragment, lists the invitation, and keeps only a keyed hash', async () => {
    const { id, token, address } = await invited(server, owner.headers, 'admin', 'grace@example.com')
    const [mail] = await server.mails(address)
    expect(mail?.subject).toBe('You are invited to an account')
    expect(mail?.text).toContain(`https://auth.example.com/dashboard/join#${token}`)
    const { body } = await get('/v1/account/invitations', owner)
    expect(body.data.data).toMatchObject([{ id, email: address, role: 'admin' }])
    const [row] = await server.database.sql.query<{ t: string }>('select i::text as t from invitations i')
    expect(row?.t).not.toContain(token)
    expect(JSON.stringify(await eventsOf(owner))).not.toContain(token)
    const shown = await atPage('/v1/invitations/show', { token })
    expect(shown.body.data).toMatchObject({ account_name: 'Acme', email: address, role: 'admin' })
  })

  it.each([
    ['an admin', 'admin'],
    ['a viewer', 'viewer'],
  ])('is for owners: not for %s, who may not look at the list either', async (_, role) => {
    const other = await joins(server, await invited(server, owner.headers, role))
    expect(codeOf(await invite(other, 'friend@example.com'))).toEqual([403, 'forbidden'])
    expect(codeOf(await get('/v1/account/members', other))).toEqual([403, 'forbidden'])
    expect(codeOf(await remove(other, owner.personId))).toEqual([403, 'forbidden'])
  })

  it('one live invitation for an address: the earlier link ends', async () => {
    const first = await invited(server, owner.headers, 'viewer', 'twice@example.com')
    const second = await invited(server, owner.headers, 'viewer', 'Twice@Example.com'.toLowerCase())
    expect(codeOf(await atPage('/v1/invitations/show', { token: first.token }))).toEqual([400, 'invalid_token'])
    expect((await atPage('/v1/invitations/show', { token: second.token })).status).toBe(200)
  })

  it('409 for the address of a member, in whatever case it is written', async () => {
    expect(codeOf(await invite(owner, owner.address.toUpperCase()))).toEqual([409, 'invalid_state'])
  })

  it.each([
    [{ email: 'no address', role: 'viewer' }, 'email: must be one e-mail address'],
    [{ email: 'a@example.com', role: 'boss' }, 'role: must be owner, admin or viewer'],
  ])('400 for %j', async (body, message) => {
    const refused = await ask('POST', '/v1/account/members', owner.headers, body)
    expect([refused.status, refused.body.error.message]).toEqual([400, message])
  })

  it('is not begun where no mail can be sent', async () => {
    const silent = await testApp(
      { NODE_ENV: 'production', MASTER_KEY: '9f0b7c1e5ad34486b2c81f93e07d6a5422e4c9d8b17f3a60584e9c2d1b7fa036' },
      { database: server.database, mail: 'configured' },
    )
    const refused = await silent.call('POST', '/v1/account/members', {
      headers: owner.headers,
      body: { email: 'a@example.com', role: 'viewer' },
    })
    expect(codeOf(refused)).toEqual([503, 'email_unavailable'])
    await silent.close()
  })

  it('no mailbox gets more than five in a day', async () => {
    const seen = []
    for (let i = 0; i < 6; i++) seen.push((await invite(owner, `bombed+${i}@example.com`)).status)
    expect(seen).toEqual([201, 201, 201, 201, 201, 429])
  })
})

describe('the link of an invitation', () => {
  it('leads somebody without a passkey into the account: one sign-up, one member, one proven address', async () => {
    const invitation = await invited(server, owner.headers, 'admin')
    const joined = await joins(server, invitation)
    const { body } = await get('/v1/account', joined)
    expect(body.data).toMatchObject({ id: owner.accountId, role: 'admin', email: invitation.address, operator: false })
    const people = (await get('/v1/account/members', owner)).body.data.data
    expect(people.find(({ user_id }: { user_id: string }) => user_id === joined.personId)).toMatchObject({
      role: 'admin',
      email: invitation.address,
      email_verified: true,
    })
    expect((await get('/v1/account/invitations', owner)).body.data.data).not.toContainEqual(
      expect.objectContaining({ id: invitation.id }),
    )
    const events = await eventsOf(owner)
    const { personId } = joined
    expect(events.find(({ event }) => event === 'member.joined')).toMatchObject({
      actor: { kind: 'user', id: personId },
      metadata: { role: 'admin', user_id: personId, invitation_id: invitation.id },
    })
    // The address is theirs, so an agent that registers with it gets no account of its own.
    const found = await personByAddress(systemContext(server.app.deps, 'test'), invitation.address)
    expect(found).toMatchObject({ personId, accountId: owner.accountId })
    // And with the passkey they come in as everybody does.
    const session_token = await consoleSignIn(server, joined.device)
    expect((await atPage('/v1/dashboard/session', { session_token })).status).toBe(204)
  })

  it('works once: 410 afterwards, for the same person and for another', async () => {
    const invitation = await invited(server, owner.headers)
    const { device } = await joins(server, invitation)
    const stranger = await server.person()
    for (const who of [device, stranger.device]) {
      const again = await accept(server, invitation.token, await consoleSignIn(server, who))
      expect(codeOf(again)).toEqual([410, 'token_used'])
    }
    expect(codeOf(await atPage('/v1/invitations/sign-up', { token: invitation.token }))).toEqual([410, 'token_used'])
  })

  it('a week: 410 afterwards; a month later nobody knows it', async () => {
    const invitation = await invited(server, owner.headers)
    await atPage('/v1/invitations/sign-up', { token: invitation.token })
    server.clock.advance(7 * 86_400)
    expect(codeOf(await atPage('/v1/invitations/show', { token: invitation.token }))).toEqual([410, 'token_expired'])
    const people = async () =>
      (await server.database.sql.query(`select 1 from users where metadata ->> 'email' = $1`, [invitation.address]))
        .length
    expect(await people()).toBe(1)
    server.clock.advance(30 * 86_400)
    expect(await purgeInvitations(server.database.sql, server.clock(), 500)).toBeGreaterThan(0)
    expect(codeOf(await atPage('/v1/invitations/show', { token: invitation.token }))).toEqual([400, 'invalid_token'])
    expect(await people()).toBe(0)
    owner = await server.person({ company: 'Acme' })
  })

  it('taken back: 400; taking it back again changes nothing', async () => {
    const { id, token } = await invited(server, owner.headers)
    const path = `/v1/account/invitations/${id}`
    const answers = [await ask('DELETE', path, owner.headers), await ask('DELETE', path, owner.headers)]
    expect(answers.map(({ status }) => status)).toEqual([204, 204])
    const session_token = await consoleSignIn(server, (await server.person()).device)
    expect(codeOf(await accept(server, token, session_token))).toEqual([400, 'invalid_token'])
    expect(codeOf(await atPage('/v1/invitations/show', { token: 'itk_nonsense' }))).toEqual([400, 'invalid_token'])
  })

  it('is of no use without a session of the console, or from another origin', async () => {
    const { token } = await invited(server, owner.headers)
    const tenant = await server.tenant()
    expect(codeOf(await accept(server, token, tenant.token))).toEqual([401, 'invalid_session_token'])
    const body = { token }
    for (const path of ['show', 'sign-up', 'accept']) {
      const given = path === 'accept' ? { token, session_token: 'x' } : body
      const evil = { body: given, origin: 'https://evil.example.net' }
      expect(codeOf(await server.call('POST', `/v1/invitations/${path}`, evil))).toEqual([403, 'forbidden'])
    }
  })

  it('one passkey prompt that was cancelled costs nothing; a second passkey does not begin with it', async () => {
    const { token } = await invited(server, owner.headers)
    const begin = () => atPage('/v1/invitations/sign-up', { token })
    const [first, second] = [(await begin()).body.data, (await begin()).body.data]
    expect(first.challenge.user.id).toBe(second.challenge.user.id)
    const device = createAuthenticator()
    const session_token = await invitedSignUp(server, token, device)
    expect(codeOf(await begin())).toEqual([403, 'registration_not_allowed'])
    expect((await accept(server, token, session_token)).status).toBe(204)
  })
})

describe('somebody who has an account', () => {
  it('belongs to both, and chooses; nothing of the own account is lost', async () => {
    const grace = await server.person({ company: 'Grace' })
    server.clock.advance(1)
    const { token } = await invited(server, owner.headers, 'viewer')
    const opened = await accept(server, token, await consoleSignIn(server, grace.device))
    const { headers } = await entered(server, opened, grace.device)
    const { data } = (await get('/v1/account', { headers })).body
    expect([data.id, data.role]).toEqual([owner.accountId, 'viewer'])
    expect(data.accounts).toEqual([
      { id: grace.accountId, name: 'Grace', role: 'owner' },
      { id: owner.accountId, name: 'Acme', role: 'viewer' },
    ])
    const chosen = await ask('POST', '/v1/account/choose', headers, { account_id: grace.accountId })
    expect(chosen.status).toBe(204)
    expect((await get('/v1/account', { headers })).body.data).toMatchObject({ id: grace.accountId, role: 'owner' })
    expect((await get('/v1/applications?scope=account', { headers })).body.data.data).toMatchObject([
      { id: grace.applicationId },
    ])
  })

  it('security 193: whose mailbox was invited gets no hold of the own accounts of whoever used the link', async () => {
    const grace = await server.person({ company: 'Grace' })
    const invitation = await invited(server, owner.headers, 'viewer', 'mallory@example.com')
    await accept(server, invitation.token, await consoleSignIn(server, grace.device))
    expect(await personByAddress(systemContext(server.app.deps, 'test'), 'mallory@example.com')).toBe(null)
  })

  it('security 156: a page of one account decides nothing in the other', async () => {
    const grace = await server.person({ company: 'Grace' })
    server.clock.advance(1)
    const { token } = await invited(server, owner.headers, 'admin')
    const opened = await accept(server, token, await consoleSignIn(server, grace.device))
    const { headers } = await entered(server, opened, grace.device)
    const { user_code } = await askForCode(server)
    const page = approvalPage(server, { ...grace, headers })
    const body = { user_code, csrf_token: await page.csrf(user_code), ...(await page.prove(user_code)) }
    await ask('POST', '/v1/account/choose', headers, { account_id: grace.accountId })
    const refused = await ask('POST', '/device/approve', headers, body)
    expect([refused.status, refused.body.error]).toEqual([403, 'invalid_csrf_token'])
  })

  it('cannot choose an account of others, which is as missing as one that never was', async () => {
    const grace = await server.person()
    const choose = (account_id: string) => ask('POST', '/v1/account/choose', grace.headers, { account_id })
    const [foreign, missing] = [await choose(owner.accountId), await choose('acc_0000000000000000000000')]
    expect([codeOf(foreign), foreign.body]).toEqual([[404, 'account_not_found'], missing.body])
  })

  it('409 for who belongs to the account already, and the invitation is not used up', async () => {
    const { token } = await invited(server, owner.headers, 'viewer')
    expect(codeOf(await accept(server, token, await consoleSignIn(server, owner.device)))).toEqual([
      409,
      'invalid_state',
    ])
    expect((await get('/v1/account', owner)).body.data.role).toBe('owner')
    expect((await atPage('/v1/invitations/show', { token })).status).toBe(200)
  })
})

describe('removing somebody', () => {
  it('ends their dashboard session at once; with the passkey they get no further', async () => {
    const joined = await joins(server, await invited(server, owner.headers, 'admin'))
    expect((await remove(owner, joined.personId)).status).toBe(204)
    expect((await get('/v1/account', joined)).status).toBe(401)
    const session_token = await consoleSignIn(server, joined.device)
    expect(codeOf(await atPage('/v1/dashboard/session', { session_token }))).toEqual([403, 'forbidden'])
    expect(codeOf(await remove(owner, joined.personId))).toEqual([404, 'member_not_found'])
    const [row] = await eventsOf(owner)
    expect(row).toMatchObject({ event: 'member.removed', metadata: { user_id: joined.personId, role: 'admin' } })
  })

  it('of two accounts the other one stays, in the same session', async () => {
    const grace = await server.person()
    const { token } = await invited(server, owner.headers, 'viewer')
    const opened = await accept(server, token, await consoleSignIn(server, grace.device))
    const { headers } = await entered(server, opened, grace.device)
    expect((await remove(owner, grace.personId)).status).toBe(204)
    expect((await get('/v1/account', { headers })).body.data).toMatchObject({ id: grace.accountId, role: 'owner' })
  })

  it('ends the keys that they made and the consents that they gave, and no others', async () => {
    const joined = await joins(server, await invited(server, owner.headers, 'admin'))
    const keyOf = async (who: PersonAt) => {
      const step_up = await stepUp({ server, tenant: await server.tenant() }, who, 'keys.create')
      return (await ask('POST', '/v1/keys', who.headers, { name: 'CI', step_up })).body.data.secret_key as string
    }
    const theirs = await keyOf({ ...owner, ...joined })
    const mine = await keyOf(owner)
    const client = await registerClient(server)
    const { body } = await redeem(server, client, await codeFor(server, { ...owner, ...joined }, client))
    const works = async (token: string) => (await server.call('GET', '/v1/agents', { token })).status
    expect([await works(theirs), await works(mine)]).toEqual([200, 200])
    expect((await remove(owner, joined.personId)).status).toBe(204)
    expect([await works(theirs), await works(mine)]).toEqual([401, 200])
    const refresh = { grant_type: 'refresh_token', client_id: client.id, refresh_token: body.refresh_token }
    expect((await server.call('POST', '/oauth/token', { body: refresh })).body.error).toBe('invalid_grant')
    expect(await works(body.access_token)).toBe(401)
  })

  it('ends the invitations that they sent', async () => {
    const second = await joins(server, await invited(server, owner.headers, 'owner'))
    const { token } = await invited(server, second.headers, 'owner')
    await remove(owner, second.personId)
    expect(codeOf(await atPage('/v1/invitations/show', { token }))).toEqual([400, 'invalid_token'])
  })

  it('leaves one owner: 409 for the last', async () => {
    expect(codeOf(await remove(owner, owner.personId))).toEqual([409, 'invalid_state'])
    const second = await joins(server, await invited(server, owner.headers, 'owner'))
    expect((await remove(second, owner.personId)).status).toBe(204)
    expect(codeOf(await remove(second, second.personId))).toEqual([409, 'invalid_state'])
    owner = await server.person()
  })

  it('somebody who belongs to no account any more is the same person when they come again', async () => {
    const invitation = await invited(server, owner.headers, 'admin')
    const { personId } = await joins(server, invitation)
    await remove(owner, personId)
    const body = { email: invitation.address, agent_name: 'Builder' }
    await server.call('POST', '/api/agents/register', { body, ip: freshAddress() })
    const mail = (await server.mails(invitation.address)).at(-1)
    const token = mail?.text.match(/token=(emt_\w+)/)?.[1]
    const verified = await server.call('POST', '/api/agents/verify', { body: { token }, ip: freshAddress() })
    expect(verified.status).toBe(200)
    const found = await personByAddress(systemContext(server.app.deps, 'test'), invitation.address)
    expect(found).toMatchObject({ personId, role: 'owner' })
    expect(await tokenTo(server, invitation.address)).not.toBe(token)
  })
})
