import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  server.call('GET', path, { headers, ip: freshAddress() })

describe('security 92: related origins', () => {
  const ask = async (host: string) => (await get('/.well-known/webauthn', { host })).body
  const configure = (rpId: string, related: string[]) =>
    server.tenant({ origins: [`https://login.${rpId}`], settings: { rp_id: rpId, related_origins: related } })

  it('lists what the application of that host configured, and nothing for any other host', async () => {
    const related = ['https://shop.example.org', 'https://example.co.uk']
    await configure('related-one.com', related)
    expect(await ask('related-one.com')).toEqual({ origins: related })
    expect(await ask('RELATED-ONE.COM:8443')).toEqual({ origins: related })
    for (const host of [
      'login.related-one.com',
      'elated-one.com',
      'related-one.com.',
      'related-two.com',
      '',
      "x' or '1'='1",
      '[::1]',
      '*',
      '%',
    ]) {
      expect([host, await ask(host)]).toEqual([host, { origins: [] }])
    }
  })

  /** Asked of a server that has cached nothing yet. */
  async function askAfresh(host: string) {
    const other = await testApp()
    const answer = await other.call('GET', '/.well-known/webauthn', { headers: { host } })
    const warned = other.lines.some((line) => line.includes('several tenants claim'))
    await other.close()
    return { origins: answer.body.origins, warned }
  }

  it("never adds another tenant's origins to a host: of two that claim it, the one that somebody owns is heard", async () => {
    const mine = await configure('related-three.com', ['https://first.example.org'])
    await configure('related-three.com', ['https://evil.example.org'])
    expect(await askAfresh('related-three.com')).toEqual({ origins: [], warned: true })
    await server.database.sql.query('update tenants set claimed_at = now() where id = $1', [mine.tenantId])
    expect(await askAfresh('related-three.com')).toEqual({ origins: ['https://first.example.org'], warned: false })
  })

  it('follows a change, and forgets what was suspended', async () => {
    const { token, applicationId } = await configure('related-four.com', ['https://old.example.org'])
    expect((await askAfresh('related-four.com')).origins).toEqual(['https://old.example.org'])
    const body = { related_origins: ['https://new.example.org'] }
    expect((await server.call('PATCH', `/v1/applications/${applicationId}`, { token, body })).status).toBe(200)
    expect((await askAfresh('related-four.com')).origins).toEqual(['https://new.example.org'])
    await server.database.sql.query("update applications set status = 'suspended' where id = $1", [applicationId])
    expect((await askAfresh('related-four.com')).origins).toEqual([])
  })
})
