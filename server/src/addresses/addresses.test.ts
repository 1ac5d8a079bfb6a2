import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askForProof, proofLink, proofToken } from '../../test/address-proof.ts'
import { freshMailbox, isInDatabase, setStatus, tokenOf, verify } from '../../test/agent-registration.ts'
import { type Answer, freshAddress, type TestApp, testApp, testClock } from '../../test/harness.ts'
import type { PersonAt } from '../../test/people.ts'
import { stepUp } from '../../test/samples.ts'
import { addSeconds } from '../platform/time.ts'
import { purgeAddressProofs } from './purge.ts'

const clock = testClock()
let server: TestApp
beforeAll(async () => {
  server = await testApp({}, { clock })
})
afterAll(() => server.close())

type Headers = Record<string, string>
const ask = (method: string, path: string, headers: Headers, body?: object): Promise<Answer> =>
  server.call(method, path, { headers, ip: freshAddress(), ...(body ? { body } : {}) })
const codeOf = ({ status, body }: Answer) => [status, body?.error?.code]
const world = async () => ({ server, tenant: await server.tenant() })

async function prove(person: PersonAt, token: string): Promise<Answer> {
  const step_up = await stepUp(await world(), person, 'account.address.prove')
  return ask('POST', '/v1/account/address/prove', person.headers, { token, step_up })
}

/** A person who signed up with an address of their own, and proved it. */
async function proven(address = freshMailbox('example.com')): Promise<PersonAt> {
  const person = await server.person({ address })
  const answer = await prove(person, await proofToken(server, person))
  expect([answer.status, answer.body.data]).toEqual([200, { email: address, email_verified: true, accounts: [] }])
  return person
}

/** What an agent gets that registers by mail. */
async function registered(address: string, name = 'CI'): Promise<{ key: string; accountId: string; keyId: string }> {
  const { body } = await verify(server, { token: await tokenOf(server, address, name) })
  // Whoever signs up next is younger than this account.
  clock.advance(1)
  const { key_id } = (await ask('GET', '/v1/keys/current', { authorization: `Bearer ${body.secret_key}` })).body.data
  const [row] = await server.database.sql.query<{ account_id: string }>(
    'select account_id from secret_keys where id = $1',
    [key_id],
  )
  return { key: body.secret_key, accountId: row?.account_id ?? '', keyId: key_id }
}

const accountOf = async ({ headers }: { headers: Headers }) => (await ask('GET', '/v1/account', headers)).body.data
const keysOf = async ({ headers }: { headers: Headers }): Promise<string[]> =>
  (await ask('GET', '/v1/keys', headers)).body.data.data.map(({ key_id }: { key_id: string }) => key_id)
const ownersOf = (accountId: string) =>
  server.database.sql.query<{ person_id: string }>('select person_id from members where account_id = $1', [accountId])

describe('asking for the proof of an address', () => {
  it('mails a link whose token is in the fragment, and keeps only a keyed hash', async () => {
    const person = await server.person()
    const token = await proofToken(server, person)
    expect(await proofLink(server, person.address)).toBe(`https://auth.example.com/dashboard/address#token=${token}`)
    expect(await isInDatabase(server, token)).toBe(false)
    expect(await accountOf(person)).toMatchObject({ email: person.address, email_verified: false })
  })

  it('answers alike for an address of nobody, of somebody, and of oneself', async () => {
    const known = await proven()
    const person = await server.person()
    const addresses = [freshMailbox('example.com'), known.address, person.address]
    const answers = await Promise.all(addresses.map((address) => askForProof(server, person, address)))
    expect(answers.map(({ status, text }) => [status, text])).toEqual(addresses.map(() => [204, '']))
  })

  it('one live link a person: the earlier one ends', async () => {
    const person = await server.person()
    const [first, second] = [await proofToken(server, person), await proofToken(server, person)]
    expect(codeOf(await prove(person, first))).toEqual([400, 'invalid_token'])
    expect((await prove(person, second)).status).toBe(200)
  })

  it('no mailbox gets more than five in a day, and no person sends more than ten', async () => {
    const seen = []
    for (let i = 0; i < 6; i++)
      seen.push((await askForProof(server, await server.person(), `bombed+${i}@example.com`)).status)
    expect(seen).toEqual([204, 204, 204, 204, 204, 429])
    const person = await server.person()
    const sent = []
    for (let i = 0; i < 11; i++) sent.push((await askForProof(server, person, freshMailbox('example.com'))).status)
    expect(sent).toEqual([...Array(10).fill(204), 429])
  })

  it.each(['', 'no address', 'a@example.com, b@example.com'])('400 for %j', async (email) => {
    const refused = await askForProof(server, await server.person(), email)
    expect([refused.status, refused.body.error.message]).toEqual([400, 'email: must be one e-mail address'])
  })

  it('is not begun where no mail can be sent', async () => {
    const silent = await testApp(
      { NODE_ENV: 'production', MASTER_KEY: '9f0b7c1e5ad34486b2c81f93e07d6a5422e4c9d8b17f3a60584e9c2d1b7fa036' },
      { database: server.database, mail: 'configured' },
    )
    const { headers } = await server.person()
    const refused = await silent.call('POST', '/v1/account/address/request-proof', {
      headers,
      body: { email: 'a@example.com' },
    })
    expect(codeOf(refused)).toEqual([503, 'email_unavailable'])
    await silent.close()
  })
})

describe('the token of the mail', () => {
  it('proves the address once; then 410, and 400 for what was never given out', async () => {
    const person = await server.person()
    const token = await proofToken(server, person)
    expect((await prove(person, token)).status).toBe(200)
    expect(await accountOf(person)).toMatchObject({ email: person.address, email_verified: true })
    expect(codeOf(await prove(person, token))).toEqual([410, 'token_used'])
    expect(codeOf(await prove(person, `${token.slice(0, -1)}x`))).toEqual([400, 'invalid_token'])
    const { body } = await ask('GET', '/v1/audit-logs?event=identifier.linked', person.headers)
    expect(body.data.data).toMatchObject([
      { actor: { kind: 'user', id: person.personId }, metadata: { identifier_type: 'email' } },
    ])
  })

  it('corrects an address that was mistyped at the sign-up', async () => {
    const person = await server.person()
    const right = freshMailbox('example.com')
    expect((await prove(person, await proofToken(server, person, right))).status).toBe(200)
    expect(await accountOf(person)).toMatchObject({ email: right, email_verified: true })
  })

  it('410 after a day; a day later nothing is left of it', async () => {
    const person = await server.person()
    const token = await proofToken(server, person)
    const { sql } = server.database
    const late = addSeconds(server.clock(), -86_401)
    await sql.query('update address_proofs set created_at = $2, expires_at = $2 where person_id = $1::uuid', [
      person.personId,
      late,
    ])
    expect(codeOf(await prove(person, token))).toEqual([410, 'token_expired'])
    expect(await purgeAddressProofs(sql, addSeconds(server.clock(), -10_800), 500)).toBe(0)
    expect(await purgeAddressProofs(sql, server.clock(), 500)).toBe(1)
  })

  it('is not consumed by whoever fetches the link, and needs a fresh proof of a passkey', async () => {
    const person = await server.person()
    const token = await proofToken(server, person)
    const [path = ''] = (await proofLink(server, person.address)).split('#')
    await server.call('GET', new URL(path).pathname)
    const without = await ask('POST', '/v1/account/address/prove', person.headers, { token })
    expect(codeOf(without)).toEqual([401, 'step_up_required'])
    const elsewhere = { ...person.headers, origin: 'https://evil.example.net' }
    expect(codeOf(await ask('POST', '/v1/account/address/prove', elsewhere, { token }))).toEqual([403, 'forbidden'])
    expect(codeOf(await askForProof(server, { headers: elsewhere }, person.address))).toEqual([403, 'forbidden'])
    expect((await prove(person, token)).status).toBe(200)
  })

  it('of 20 who present it at once one proves', async () => {
    const person = await server.person()
    const token = await proofToken(server, person)
    const proofs = []
    for (let i = 0; i < 20; i++) proofs.push(await stepUp(await world(), person, 'account.address.prove'))
    const answers = await Promise.all(
      proofs.map((step_up) => ask('POST', '/v1/account/address/prove', person.headers, { token, step_up })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(410)])
  })
})

describe('an agent that registers by mail with a proven address', () => {
  it('gets a key for the account that is there', async () => {
    const person = await proven()
    const { accountId, keyId } = await registered(person.address)
    expect(accountId).toBe(person.accountId)
    expect(await keysOf(person)).toContain(keyId)
  })

  it('before there was a person: the account becomes the person’s, who sees the key and revokes it', async () => {
    const address = freshMailbox('example.com')
    const { key, accountId, keyId } = await registered(address, 'Nightly build')
    const person = await server.person({ address })
    expect((await keysOf(person)).includes(keyId)).toBe(false)
    const answer = await prove(person, await proofToken(server, person))
    expect(answer.body.data).toEqual({
      email: address,
      email_verified: true,
      accounts: [{ id: accountId, name: 'Nightly build' }],
    })
    // The sessions stay where they are, until the other account is chosen.
    const account = await accountOf(person)
    expect([account.id, account.accounts.map(({ id }: { id: string }) => id).sort()]).toEqual([
      person.accountId,
      [accountId, person.accountId].sort(),
    ])
    await ask('POST', '/v1/account/choose', person.headers, { account_id: accountId })
    expect(await accountOf(person)).toMatchObject({ id: accountId, role: 'owner' })
    expect(await keysOf(person)).toEqual([keyId])
    const { body } = await ask('GET', '/v1/audit-logs?event=member.joined', person.headers)
    expect(body.data.data).toMatchObject([
      { actor: { id: person.personId }, metadata: { user_id: person.personId, role: 'owner' } },
    ])
    expect((await ask('DELETE', `/v1/keys/${keyId}`, person.headers)).status).toBe(204)
    expect((await ask('GET', '/v1/keys/current', { authorization: `Bearer ${key}` })).status).toBe(401)
    // Whoever registers next with this address gets a key for the same account as before.
    expect((await registered(address)).accountId).toBe(accountId)
  })

  it('leaves nothing of the person that the registration made, and counts right', async () => {
    const address = freshMailbox('example.com')
    const { accountId } = await registered(address)
    const [before] = await ownersOf(accountId)
    const person = await server.person({ address })
    await prove(person, await proofToken(server, person))
    expect(await ownersOf(accountId)).toEqual([{ person_id: person.personId }])
    const { sql } = server.database
    expect(await sql.query('select 1 from users where id = $1::uuid', [before?.person_id])).toEqual([])
    const [counted] = await sql.query<{ right: boolean }>(
      `select user_count = (select count(*) from users u where u.tenant_id = t.id) as right
       from tenants t where id = 'org_000000000000000console'`,
    )
    expect(counted).toEqual({ right: true })
    const agents = await sql.query('select approved_by from agents where account_id = $1', [accountId])
    expect(agents).toEqual([{ approved_by: person.personId }])
  })

  it('a disabled account that comes along stays disabled, and keeps the address from keys', async () => {
    const address = freshMailbox('example.com')
    const { accountId } = await registered(address)
    await setStatus(server, address, 'disabled')
    const person = await server.person({ address })
    await prove(person, await proofToken(server, person))
    expect((await accountOf(person)).accounts).toMatchObject([{ id: person.accountId }])
    expect(codeOf(await ask('POST', '/v1/account/choose', person.headers, { account_id: accountId }))).toEqual([
      404,
      'account_not_found',
    ])
    await expect(tokenOf(server, address)).rejects.toThrow('there is no token in the mail')
  })
})

describe('security 193: an address that somebody else says is theirs', () => {
  it('gets whoever never proves it nothing of what its holder registers', async () => {
    const address = freshMailbox('example.com')
    const attacker = await server.person({ address })
    await askForProof(server, attacker, address)
    const { key, accountId, keyId } = await registered(address)
    expect(accountId).not.toBe(attacker.accountId)
    expect(await keysOf(attacker)).not.toContain(keyId)
    expect((await accountOf(attacker)).accounts).toHaveLength(1)
    expect((await ask('GET', '/v1/keys/current', { authorization: `Bearer ${key}` })).status).toBe(200)
  })

  it('a token that one person asked for is nobody else’s, and stays good', async () => {
    const [one, other] = [await server.person(), await server.person()]
    const token = await proofToken(server, one)
    expect(codeOf(await prove(other, token))).toEqual([400, 'invalid_token'])
    expect(await accountOf(other)).toMatchObject({ email: other.address, email_verified: false })
    expect((await prove(one, token)).status).toBe(200)
  })

  it('409 for an address that somebody with a passkey proved: nothing changes, and the link still says so', async () => {
    const holder = await proven()
    const second = await server.person()
    const token = await proofToken(server, second, holder.address)
    for (let i = 0; i < 2; i++) {
      expect(codeOf(await prove(second, token))).toEqual([409, 'identity_link_email_already_taken_in_tenant'])
    }
    expect(await accountOf(holder)).toMatchObject({ id: holder.accountId, email_verified: true })
    expect(await accountOf(second)).toMatchObject({ email: second.address, email_verified: false })
    expect((await registered(holder.address)).accountId).toBe(holder.accountId)
  })
})
