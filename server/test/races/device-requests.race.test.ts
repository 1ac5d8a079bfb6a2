import { expect, it } from 'vitest'
import { approvalPage, approved, askForCode, pollWith } from '../device-flow.ts'
import { freshAddress } from '../harness.ts'
import type { PersonAt } from '../people.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

onTwoInstances('denying from the list', (instances) => {
  const waiting = async ({ headers }: PersonAt): Promise<string> => {
    const { body } = await instances.one.call('GET', '/v1/device/requests', { headers, ip: freshAddress() })
    return body.data.data[0].id
  }
  const deny = (app: typeof instances.one, { headers }: PersonAt, id: string) =>
    app.call('DELETE', `/v1/device/requests/${id}`, { headers, ip: freshAddress() })
  const count = async (text: string, values: unknown[]) =>
    (await instances.two.database.sql.query<{ n: number }>(`select count(*)::int as n from ${text}`, values))[0]?.n

  it('a hundred at once, denials and polls: either one key or one denial', async () => {
    for (let round = 0; round < 4; round += 1) {
      const person = await instances.one.person()
      const { device_code } = await approved(instances.one, person)
      const id = await waiting(person)
      const isDenial = (index: number) => index % 4 < 2 === (round % 2 === 0)
      const answers = await storm(instances, 100, (app, index) =>
        isDenial(index) ? deny(app, person, id) : pollWith(app, device_code),
      )
      const [denied, polled] = [answers.filter((_, i) => isDenial(i)), answers.filter((_, i) => !isDenial(i))]
      const winners = answers.filter(({ status }) => status < 300)
      expect(winners).toHaveLength(1)
      const isDenied = winners[0]?.status === 204
      expect(tally(denied)).toEqual(isDenied ? { 204: 1, 404: 49 } : { 404: 50 })
      expect(tally(polled)).toEqual(isDenied ? { 400: 50 } : { 200: 1, 400: 49 })
      expect(await count('secret_keys where account_id = $1', [person.accountId])).toBe(isDenied ? 0 : 1)
      const rows = (event: string) => count('audit_logs where tenant_id = $1 and event = $2', [person.tenantId, event])
      expect([await rows('device.denied'), await rows('device.redeemed')]).toEqual(isDenied ? [1, 0] : [0, 1])
      const later = await pollWith(instances.one, device_code)
      expect(later.body.error).toBe(isDenied ? 'access_denied' : 'invalid_grant')
    }
  })

  it('approving and denying from the list at once: one of them decides, unless the approval is taken back', async () => {
    const person = await instances.one.person()
    for (let round = 0; round < 6; round += 1) {
      const { user_code, device_code } = await askForCode(instances.one)
      const page = approvalPage(instances.one, person)
      const body = { user_code, csrf_token: await page.csrf(user_code), ...(await page.prove(user_code)) }
      const id = await waiting(person)
      const [yes, no] = await Promise.all([page.post('/device/approve', body), deny(instances.two, person, id)])
      // Denied before or after the approval: either way the program gets nothing.
      expect([yes.status, no.status]).toEqual([expect.toBeOneOf([200, 400]), 204])
      expect((await pollWith(instances.two, device_code)).body.error).toBe('access_denied')
    }
  })
})
