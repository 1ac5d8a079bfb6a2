import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import { operate } from './commands.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ SIGNUPS: 'waitlist' })
})
afterAll(() => server.close())

const run = (name: string, ...words: string[]) => operate(server.app.deps, name, words)
const statusOf = async (headers: Record<string, string>) =>
  (await server.call('GET', '/v1/account', { headers })).body?.data?.status

describe('the operator', () => {
  it('agents 185: finds who waits, admits an account, and its owner gets a mail', async () => {
    const { accountId, headers, address } = await server.person({ company: 'Waiting Ltd' })
    expect(await run('accounts', 'waitlisted')).toContain(`${accountId}  waitlisted  starter`)
    expect(await statusOf(headers)).toBe('waitlisted')
    expect(await run('admit', accountId)).toBe(`${accountId} is admitted.`)
    expect(await statusOf(headers)).toBe('active')
    expect(await run('accounts', 'waitlisted')).not.toContain(accountId)
    const mails = await server.mails()
    expect(mails.filter(({ to }) => to === address)).toMatchObject([{ subject: 'Your account is admitted' }])
    expect(await run('admit', accountId)).toBe(`${accountId} was admitted already.`)
  })

  it('disables an account', async () => {
    const { accountId, headers } = await server.person()
    await run('admit', accountId)
    expect(await run('disable', accountId)).toBe(`${accountId} is disabled.`)
    expect((await server.call('GET', '/v1/account', { headers })).status).toBe(401)
  })

  it('enables a disabled account, and the mail says so instead of naming the waitlist', async () => {
    const { accountId, address } = await server.person()
    for (const name of ['admit', 'disable', 'admit']) await run(name, accountId)
    const mail = (await server.mails(address)).at(-1)
    expect([mail?.subject, mail?.text]).toEqual([
      'Your account is enabled again',
      expect.not.stringContaining('waitlist'),
    ])
  })

  it('changes a plan, which the account’s own trail tells', async () => {
    const { accountId, headers } = await server.person()
    await run('admit', accountId)
    expect(await run('plan', accountId, 'growth')).toBe(`${accountId}: starter → growth`)
    expect((await server.call('GET', '/v1/account', { headers })).body.data.plan).toBe('growth')
    const { body } = await server.call('GET', '/v1/audit-logs?event=account.plan.changed', { headers })
    expect(body.data.data).toMatchObject([{ metadata: { from: 'starter', to: 'growth', reason: 'operator' } }])
  })

  it('appoints a person, by the account that they own or by their id, and dismisses them', async () => {
    const { accountId, personId, headers, address } = await server.person()
    const isOperator = async () => (await server.call('GET', '/v1/account', { headers })).body.data.operator
    expect(await run('dismiss', personId)).toBe(`${personId} was no operator.`)
    expect(await run('appoint', accountId)).toBe(`${personId} is an operator.`)
    expect(await run('appoint', personId)).toBe(`${personId} was an operator already.`)
    expect([await isOperator(), await run('operators')]).toEqual([true, expect.stringContaining(address)])
    expect(await run('dismiss', accountId)).toBe(`${personId} is no operator any more.`)
    expect([await isOperator(), await run('operators')]).toEqual([false, 'There is none.'])
  })

  it('names the owners where there are several', async () => {
    const [first, second] = [await server.person(), await server.person()]
    const { accountId } = first
    const row = { accountId, personId: second.personId, role: 'owner', createdAt: server.clock() }
    await server.database.prisma.member.create({ data: row })
    await expect(run('appoint', accountId)).rejects.toThrow(new RegExp(`${second.personId}  ${second.address}`))
  })

  it.each([
    [['appoint'], /Name an account/],
    [['appoint', '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57'], /There is no person 019a9d3c/],
    [['appoint', 'acc_unknown'], /Nobody owns acc_unknown/],
    [['admit'], /Name an account/],
    [['admit', 'acc_000000000000000console'], /Name an account/],
    [['admit', 'acc_unknown'], /There is no account acc_unknown/],
    [['accounts', 'waiting'], 'A status is one of waitlisted, active, disabled.'],
    [['plan', 'acc_unknown', 'gold'], /A plan is one of free_ai/],
  ])('says what is wrong with %j', async ([name = '', ...words], message) => {
    await expect(run(name, ...words)).rejects.toThrow(message)
  })

  it('lists its commands for any other word', async () => {
    expect(await run('what')).toContain('admit acc_…')
  })
})
