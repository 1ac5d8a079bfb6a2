import { expect, it } from 'vitest'
import { proofToken } from '../address-proof.ts'
import { freshMailbox, tokenOf, verify } from '../agent-registration.ts'
import { freshAddress, type TestApp } from '../harness.ts'
import type { PersonAt } from '../people.ts'
import { stepUp } from '../samples.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

onTwoInstances('proving an address', (instances) => {
  const proofOf = async (person: PersonAt) =>
    stepUp({ server: instances.one, tenant: await instances.one.tenant() }, person, 'account.address.prove')
  const prove = (app: TestApp, { headers }: PersonAt, token: string, step_up: object) =>
    app.call('POST', '/v1/account/address/prove', { headers, body: { token, step_up }, ip: freshAddress() })

  it('of 100 who present one token at once one proves', async () => {
    const person = await instances.one.person()
    const token = await proofToken(instances.one, person)
    const proofs: object[] = []
    for (let i = 0; i < 100; i += 1) proofs.push(await proofOf(person))
    const answers = await storm(instances, 100, (app, i) => prove(app, person, token, proofs[i] ?? {}))
    expect(tally(answers)).toEqual({ 200: 1, 410: 99 })
  })

  it('of two people who prove one address at once one has it, with the account that was opened for it', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const address = freshMailbox('example.com')
      await verify(instances.one, { token: await tokenOf(instances.one, address) })
      const people = [await instances.one.person({ address }), await instances.one.person({ address })]
      const given = []
      for (const person of people)
        given.push({ person, token: await proofToken(instances.one, person), step_up: await proofOf(person) })
      const answers = await Promise.all(
        given.map(({ person, token, step_up }, i) => prove(i ? instances.two : instances.one, person, token, step_up)),
      )
      expect(tally(answers)).toEqual({ 200: 1, 409: 1 })
      expect(answers.find(({ status }) => status === 200)?.body.data.accounts).toHaveLength(1)
    }
  })

  it('proving an address while an agent registers with it leaves one holder, who owns every account of it', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const address = freshMailbox('example.com')
      const person = await instances.one.person({ address })
      const [token, step_up] = [await proofToken(instances.one, person), await proofOf(person)]
      const mailed = await tokenOf(instances.one, address)
      const [proven, registered] = await Promise.all([
        prove(instances.one, person, token, step_up),
        verify(instances.two, { token: mailed }),
      ])
      expect([proven.status, registered.status]).toEqual([200, 200])
      const owners = await instances.one.database.sql.query(
        `select distinct m.person_id from secret_keys k join members m on m.account_id = k.account_id
         where k.account_id in (select account_id from members where person_id = $1::uuid)`,
        [person.personId],
      )
      expect(owners).toEqual([{ person_id: person.personId }])
    }
  })
})
