import { expect, it } from 'vitest'
import { ORIGIN } from '../ceremonies.ts'
import { freshAddress } from '../harness.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

onTwoInstances('tenants', (instances) => {
  async function withTwo() {
    const person = await instances.one.person()
    const body = { name: 'Shop', allowed_origins: [ORIGIN] }
    const { headers } = person
    const { data } = (await instances.one.call('POST', '/v1/applications', { headers, body })).body
    return { person, data }
  }

  it('one deleted on one instance is out of reach on the other within a second', async () => {
    const { one, two } = instances
    const { person, data } = await withTwo()
    const body = { grant_type: 'client_credentials', client_id: data.client_id, client_secret: data.client_secret }
    const grant = () => two.call('POST', '/oauth/token', { body, ip: freshAddress() })
    const { access_token: token } = (await grant()).body
    const use = () => two.call('GET', '/v1/users', { token })
    expect((await use()).status).toBe(200)
    const { headers } = person
    const confirm = { confirm: data.tenant_id }
    const gone = await one.call('DELETE', `/v1/tenants/${data.tenant_id}`, { headers, body: confirm })
    expect(gone.status).toBe(204)
    const begun = performance.now()
    while ((await use()).status !== 401 && performance.now() - begun < 5000);
    expect(performance.now() - begun).toBeLessThan(1000)
    expect((await grant()).body.error).toBe('invalid_client')
  })

  it('deleted 20 times at once it is one event', async () => {
    const { person, data } = await withTwo()
    const { headers } = person
    const body = { confirm: data.tenant_id }
    const answers = await storm(instances, 20, (app) =>
      app.call('DELETE', `/v1/tenants/${data.tenant_id}`, { headers, body, ip: freshAddress() }),
    )
    expect(tally(answers)).toEqual({ 204: 1, 404: 19 })
    const rows = await instances.one.database.sql.query(
      `select 1 from audit_logs where event = 'tenant.deleted' and metadata ->> 'tenant_id' = $1`,
      [data.tenant_id],
    )
    expect(rows).toHaveLength(1)
  })
})
