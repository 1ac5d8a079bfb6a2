import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type Tenant, type TestApp, testApp } from '../harness.ts'
import { type OAuthRequest, oauthPost } from '../oauth-requests.ts'

let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant()
})
afterAll(() => server.close())

const cc = { grant_type: 'client_credentials' }
const send = (request: OAuthRequest) => oauthPost(server, '/oauth/token', request)
const members = () => ({ ...cc, client_id: tenant.clientId, client_secret: tenant.clientSecret })
const outcome = ({ status, body }: Answer) => [status, body.error]

describe('agents B: the token endpoint', () => {
  it('agents 16: GET → 405 with Allow: POST', async () => {
    const answer = await server.call('GET', '/oauth/token')
    expect([answer.status, answer.headers.allow, answer.body.error]).toEqual([405, 'POST', 'invalid_request'])
  })

  it('agents 17, 18: a form and the same members in JSON → the same result', async () => {
    const [form, json] = [await send({ form: members() }), await send({ json: members() })]
    for (const { status, body } of [form, json]) {
      expect([status, body.token_type, Object.keys(body).sort()]).toEqual([
        200,
        'Bearer',
        ['access_token', 'expires_in', 'token_type'],
      ])
    }
  })

  it('agents 19: text/plain → 415 invalid_request, in JSON', async () => {
    const answer = await send({ form: 'grant_type=client_credentials', headers: { 'content-type': 'text/plain' } })
    expect(outcome(answer)).toEqual([415, 'invalid_request'])
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
  })

  it.each([
    ['agents 20: no grant_type', { form: '' }, 'invalid_request'],
    ['agents 20: no body at all', {}, 'invalid_request'],
    ['agents 21: grant_type=foo', { form: { grant_type: 'foo' } }, 'unsupported_grant_type'],
    ['agents 21: a name that every object has', { form: { grant_type: 'constructor' } }, 'unsupported_grant_type'],
    ['agents 21: a grant of the past', { form: { grant_type: 'password' } }, 'unsupported_grant_type'],
    ['agents 22: a repeated parameter', { form: 'grant_type=client_credentials&scope=a&scope=b' }, 'invalid_request'],
    ['agents 22: a repeated JSON key', { json: '{"grant_type":"a","grant_type":"b"}' }, 'invalid_request'],
    ['agents 28: malformed JSON', { json: '{"grant_type":' }, 'invalid_request'],
    ['agents 28: JSON that is no object', { json: '["client_credentials"]' }, 'invalid_request'],
    ['agents 28: a member that is no string', { json: { grant_type: 7 } }, 'invalid_request'],
    ['agents 28: malformed percent-encoding', { form: 'grant_type=%zz' }, 'invalid_request'],
  ] as [string, OAuthRequest, string][])('%s → 400 %s', async (_, request, error) => {
    expect(outcome(await send(request))).toEqual([400, error])
  })

  it('agents 23, 24: an empty parameter counts as omitted, an unknown one is ignored', async () => {
    const additions: Record<string, string>[] = [{ scope: '' }, { resource: '', nonsense: 'x' }]
    for (const more of additions) {
      expect((await send({ form: { ...members(), ...more } })).status).toBe(200)
      expect((await send({ json: { ...members(), ...more } })).status).toBe(200)
    }
  })

  it('agents 25, 26: nothing is cached; errors are flat, in printable ASCII, without envelope or stack', async () => {
    const answers = [
      await send({ form: members() }),
      await send({ form: { ...members(), client_secret: 'sec_wrong' } }),
      await send({ form: { ...members(), scope: 'a"b\\c' } }),
      await send({ form: `grant_type=${encodeURIComponent('"\\\n€')}` }),
      await send({ json: '{' }),
      await server.call('GET', '/oauth/token'),
    ]
    for (const { headers, body, status } of answers) {
      expect([status, headers['cache-control'], headers.pragma]).toEqual([status, 'no-store', 'no-cache'])
      if (status === 200) continue
      expect(Object.keys(body).sort()).toEqual(['error', 'error_description'])
      expect(body.error).toMatch(/^[a-z_]+$/)
      expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    }
  })

  it('agents 27: credentials in the query are not accepted', async () => {
    const query = `?${new URLSearchParams(members())}`
    expect(outcome(await send({ query }))).toEqual([400, 'invalid_request'])
    const half = `?client_id=${tenant.clientId}&client_secret=${tenant.clientSecret}`
    expect(outcome(await send({ query: half, form: cc }))).toEqual([401, 'invalid_client'])
  })

  it('agents 29: a body over the limit → 413, and the connection goes on', async () => {
    const base = await server.app.http.listen({ port: 0, host: '127.0.0.1' })
    const post = (body: string) =>
      fetch(`${base}/oauth/token`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
    const refused = await post(`scope=${'a'.repeat(70_000)}`)
    expect([refused.status, ((await refused.json()) as { error: string }).error]).toEqual([413, 'invalid_request'])
    expect((await post(new URLSearchParams(members()).toString())).status).toBe(200)
  })
})
