import { expect, it } from 'vitest'
import { freshMailbox, register, verify, verifyLink } from '../agent-registration.ts'
import { freshAddress, type TestApp } from '../harness.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

onTwoInstances('agents by e-mail', (instances) => {
  /** The newest token for the address, whichever instance sent the mail. */
  async function tokenFor(email: string): Promise<string> {
    const mails = await Promise.all(instances.both.map((app) => app.mails(email)))
    const newest = mails.flat().sort((a, b) => (a.id < b.id ? 1 : -1))[0]
    return newest?.text.match(/\bemt_[0-9A-Za-z]{49}\b/)?.[0] ?? ''
  }

  const agentsOf = async (email: string) =>
    instances.one.database.sql.query<{ account_id: string }>(
      `select a.account_id from agents a join members m on m.account_id = a.account_id
       join identifiers i on i.user_id = m.person_id where i.value = $1`,
      [email],
    )

  it('agents 139, security 236: of 100 that present one token at once exactly one gets the key', async () => {
    const email = freshMailbox()
    await register(instances.one, email)
    const token = await tokenFor(email)
    const answers = await storm(instances, 100, (app, i) =>
      i % 4 < 2 ? verify(app, { token }) : verifyLink(app, token),
    )
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    expect(tally(answers)[410]).toBe(5)
    expect(tally(answers)[429]).toBe(94)
    expect(await agentsOf(email)).toHaveLength(1)
    const read = await instances.two.call('GET', '/v1/applications', { token: won[0]?.body.secret_key })
    expect(read.status).toBe(200)
  })

  it('security 188: of 100 wrong tokens from one address at once 20 are looked at', async () => {
    const ip = freshAddress()
    const answers = await storm(instances, 100, (app, i) => verify(app, { token: `emt_${i}` }, { ip }))
    expect(tally(answers)).toEqual({ 400: 20, 429: 80 })
  })

  it('security 186: of several registrations of one address at once one token is left', async () => {
    const email = freshMailbox()
    const answers = await storm(instances, 3, (app) => register(app, email))
    expect(tally(answers)).toEqual({ 200: 3 })
    const live = await instances.one.database.sql.query(
      'select 1 from agent_registrations where address = $1 and voided_at is null',
      [email],
    )
    expect(live).toHaveLength(1)
  })

  it('a verification and a new registration of the same address at once make one account and no deadlock', async () => {
    for (let turn = 0; turn < 10; turn++) {
      const email = freshMailbox()
      await register(instances.one, email)
      const first = await tokenFor(email)
      const answers = await storm(instances, 8, (app: TestApp, i) =>
        i === 3 || i === 4 ? register(app, email) : verify(app, { token: first }),
      )
      for (const { status, text } of answers) expect([status < 500, text]).toEqual([true, text])
      await verify(instances.two, { token: await tokenFor(email) })
      expect(new Set((await agentsOf(email)).map(({ account_id }) => account_id)).size).toBe(1)
    }
  })

  it('a queued mail is sent by one of the instances, once', async () => {
    const emails = Array.from({ length: 30 }, () => freshMailbox())
    await storm(instances, emails.length, (app, i) => register(app, emails[i] as string))
    await Promise.all(instances.both.map((app) => app.mails()))
    for (const email of emails) {
      const mails = await Promise.all(instances.both.map((app) => app.mails(email)))
      expect(mails.flat()).toHaveLength(1)
    }
  })
})
