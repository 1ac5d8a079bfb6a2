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

  it('changes a plan, which the account’s own trail tells', async () => {
    const { accountId, headers } = await server.person()
    await run('admit', accountId)
    expect(await run('plan', accountId, 'growth')).toBe(`${accountId}: starter → growth`)
    expect((await server.call('GET', '/v1/account', { headers })).body.data.plan).toBe('growth')
    const { body } = await server.call('GET', '/v1/audit-logs?event=account.plan.changed', { headers })
    expect(body.data.data).toMatchObject([{ metadata: { from: 'starter', to: 'growth', reason: 'operator' } }])
  })

  it.each([
    [['admit'], /Name an account/],
    [['admit', 'acc_000000000000000console'], /Name an account/],
    [['admit', 'acc_unknown'], /There is no account acc_unknown/],
    [['plan', 'acc_unknown', 'gold'], /A plan is one of free_ai/],
  ])('says what is wrong with %j', async ([name = '', ...words], message) => {
    await expect(run(name, ...words)).rejects.toThrow(message)
  })

  it('lists its commands for any other word', async () => {
    expect(await run('what')).toContain('admit acc_…')
  })
})
