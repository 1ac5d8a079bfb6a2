import { expect, it } from 'vitest'
import { createAuthenticator } from '../authenticator.ts'
import { freshAddress, type TestApp } from '../harness.ts'
import { accept, consoleSignIn, invited, invitedSignUp, joins } from '../invitations.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

onTwoInstances('the people of an account', (instances) => {
  const membersOf = (accountId: string) =>
    instances.one.database.sql.query<{ person_id: string; role: string }>(
      'select person_id, role from members where account_id = $1',
      [accountId],
    )

  it('of two owners who remove each other at once one is left', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const first = await instances.one.person()
      const second = await joins(instances.one, await invited(instances.one, first.headers, 'owner'))
      const remove = (app: TestApp, headers: Record<string, string>, personId: string) =>
        app.call('DELETE', `/v1/account/members/${personId}`, { headers, ip: freshAddress() })
      const answers = await Promise.all([
        remove(instances.one, first.headers, second.personId),
        remove(instances.two, second.headers, first.personId),
      ])
      expect(tally(answers)[204]).toBe(1)
      expect(answers.map(({ status }) => status).every((status) => [204, 401, 403].includes(status))).toBe(true)
      expect(await membersOf(first.accountId)).toMatchObject([{ role: 'owner' }])
    }
  })

  it('of 100 who accept one invitation at once one joins', async () => {
    const owner = await instances.one.person()
    const { token } = await invited(instances.one, owner.headers)
    const device = createAuthenticator()
    const tokens = [await invitedSignUp(instances.one, token, device)]
    // The same person again, and others who got hold of the link.
    for (let i = 0; i < 4; i += 1) tokens.push(await consoleSignIn(instances.one, device))
    for (let i = 0; i < 5; i += 1)
      tokens.push(await consoleSignIn(instances.one, (await instances.one.person()).device))
    const answers = await storm(instances, 100, (app, i) => accept(app, token, tokens[i % tokens.length] ?? ''))
    expect(tally(answers)).toEqual({ 204: 1, 410: 99 })
    expect(await membersOf(owner.accountId)).toHaveLength(2)
    const joined = await instances.one.database.sql.query(
      `select 1 from audit_logs where event = 'member.joined' and tenant_id = $1`,
      [owner.tenantId],
    )
    expect(joined).toHaveLength(1)
  })

  it('20 invitations of one mailbox at once leave one that works', async () => {
    const owner = await instances.one.person()
    const body = { email: 'storm@example.com', role: 'viewer' }
    const { headers } = owner
    const answers = await storm(instances, 20, (app) =>
      app.call('POST', '/v1/account/members', { headers, body, ip: freshAddress() }),
    )
    expect(tally(answers)).toEqual({ 201: 5, 429: 15 })
    const pending = await instances.two.call('GET', '/v1/account/invitations', { headers })
    expect(pending.body.data.data).toHaveLength(1)
  })

  it('somebody removed on one instance is out on the other within a second', async () => {
    const owner = await instances.one.person()
    const joined = await joins(instances.one, await invited(instances.one, owner.headers, 'admin'))
    const path = `/v1/account/members/${joined.personId}`
    expect((await instances.two.call('GET', '/v1/account', { headers: joined.headers })).status).toBe(200)
    expect((await instances.one.call('DELETE', path, { headers: owner.headers })).status).toBe(204)
    expect((await instances.two.call('GET', '/v1/account', { headers: joined.headers })).status).toBe(401)
  })
})
