import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import type { PersonAt } from '../../test/people.ts'
import { operate } from './commands.ts'

let server: TestApp
let operator: PersonAt
beforeAll(async () => {
  server = await testApp({ SIGNUPS: 'waitlist' })
  // Who runs the server waits too, until a command admits them.
  operator = await server.person({ company: 'Operations' })
  await operate(server.app.deps, 'appoint', [operator.personId])
})
afterAll(() => server.close())

const get = ({ headers }: Pick<PersonAt, 'headers'>, path: string) => server.call('GET', path, { headers })
const post = ({ headers }: Pick<PersonAt, 'headers'>, path: string) => server.call('POST', path, { headers })
const admit = (who: PersonAt, id: string) => post(who, `/v1/operator/accounts/${id}/admit`)
const disable = (who: PersonAt, id: string) => post(who, `/v1/operator/accounts/${id}/disable`)

/** Rows about an account, whoever may read them. */
const rowsAbout = (accountId: string) =>
  server.database.sql.query<{ event: string; actor: object; ip_address: string | null }>(
    `select event, actor, ip_address from audit_logs
     where event like 'account.%' and metadata ->> 'account_id' = $1 order by id`,
    [accountId],
  )

describe('agents 185: an operator in the dashboard', () => {
  it('sees who waits, admits them, and their owner gets the mail', async () => {
    const waiting = await server.person({ company: 'Waiting Ltd' })
    const listed = await get(operator, '/v1/operator/accounts?status=waitlisted')
    const found = listed.body.data.data.find(({ id }: { id: string }) => id === waiting.accountId)
    expect(found).toMatchObject({
      name: 'Waiting Ltd',
      status: 'waitlisted',
      plan: 'starter',
      owners: [{ email: waiting.address, email_verified: false }],
    })
    const admitted = await admit(operator, waiting.accountId)
    expect([admitted.status, admitted.body.data.status]).toEqual([200, 'active'])
    expect((await get(waiting, '/v1/applications')).status).toBe(200)
    expect((await server.mails(waiting.address)).map(({ subject }) => subject)).toEqual(['Your account is admitted'])
    const by = { kind: 'user', id: operator.personId }
    expect(await rowsAbout(waiting.accountId)).toMatchObject([{ event: 'account.admitted', actor: by }])
    // Repeating it changes nothing, and nobody gets another mail.
    expect((await admit(operator, waiting.accountId)).status).toBe(200)
    expect(
      [await server.mails(waiting.address), await rowsAbout(waiting.accountId)].map(({ length }) => length),
    ).toEqual([1, 1])
  })

  it('disables an account, which is over at once', async () => {
    const other = await server.person()
    await admit(operator, other.accountId)
    expect((await disable(operator, other.accountId)).body.data.status).toBe('disabled')
    expect((await get(other, '/v1/account')).status).toBe(401)
    expect((await rowsAbout(other.accountId)).map(({ event }) => event)).toEqual([
      'account.admitted',
      'account.disabled',
    ])
  })

  it('cannot lock themselves out, and finds no account that nobody owns', async () => {
    const own = await disable(operator, operator.accountId)
    expect([own.status, own.body.error.code]).toEqual([409, 'invalid_state'])
    const { tenantId } = await server.tenant()
    const [vended] = await server.database.sql.query<{ account_id: string }>(
      'select account_id from tenants where id = $1',
      [tenantId],
    )
    for (const id of ['acc_nobodys', 'acc_000000000000000console', vended?.account_id ?? '']) {
      const refused = await disable(operator, id)
      expect([id, refused.status, refused.body.error.code]).toEqual([id, 404, 'account_not_found'])
    }
  })

  it('turns pages', async () => {
    await server.person()
    const first = (await get(operator, '/v1/operator/accounts?limit=1')).body.data
    expect([first.data.length, first.has_more, first.next_cursor]).toEqual([1, true, first.data[0].id])
    const next = (await get(operator, `/v1/operator/accounts?limit=1&starting_after=${first.next_cursor}`)).body.data
    expect(next.data[0].id).not.toBe(first.data[0].id)
    expect((await get(operator, '/v1/operator/accounts?starting_after=acc_none')).status).toBe(400)
  })
})

describe('everybody else', () => {
  it('gets the answer of an address that nothing is at, which says nothing about accounts', async () => {
    const owner = await server.person()
    await admit(operator, owner.accountId)
    const error = (answer: { status: number; body: { error: object } }) => [answer.status, answer.body.error]
    const nowhere = error(await get(owner, '/v1/nowhere'))
    expect(error(await get(owner, '/v1/operator/accounts'))).toEqual(nowhere)
    expect(error(await admit(owner, operator.accountId))).toEqual(nowhere)
    expect(error(await disable(owner, 'acc_nobodys'))).toEqual(nowhere)
    const [row] = (await get(owner, '/v1/audit-logs?event=authorization.denied')).body.data.data
    expect(row.metadata).toMatchObject({ policy: 'operator', principal_id: owner.personId })
  })

  it('also who was an operator until a moment ago', async () => {
    const other = await server.person()
    await operate(server.app.deps, 'appoint', [other.personId])
    expect((await get(other, '/v1/operator/accounts')).status).toBe(200)
    await operate(server.app.deps, 'dismiss', [other.personId])
    expect((await get(other, '/v1/operator/accounts')).status).toBe(404)
  })

  it('is told by no address that it would be one', async () => {
    // What somebody writes down as their own address proves nothing, and gives nothing.
    const copycat = await server.person({ address: operator.address })
    expect((await get(copycat, '/v1/account')).body.data.operator).toBe(false)
    expect((await get(copycat, '/v1/operator/accounts')).status).toBe(404)
  })
})
