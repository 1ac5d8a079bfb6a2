import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import { agentKey, stepUp } from '../../test/samples.ts'
import { jobs } from '../jobs.ts'
import { mintSecret } from '../platform/secrets.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
const keyId = createHash('sha256').update('the partner').digest('hex')

let partner: Server
let asked = 0
let server: TestApp
beforeAll(async () => {
  partner = createServer((_request, response) => {
    asked += 1
    const key = publicKey.export({ type: 'spki', format: 'pem' })
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ public_keys: [{ key_identifier: keyId, key, is_current: true }] }))
  })
  await new Promise<void>((done) => partner.listen(0, '127.0.0.1', done))
  const { port } = partner.address() as AddressInfo
  server = await testApp({ RATE_LIMITS: 'false', SECRET_SCANNING_KEYS_URL: `http://127.0.0.1:${port}/keys` })
})
afterAll(async () => {
  await server.close()
  partner.close()
})

const path = '/v1/keys/report-leak'
const report = (body: unknown, headers: Record<string, string> = {}) => server.call('POST', path, { body, headers })
const statusOf = async (headers: Record<string, string>) =>
  (await server.call('GET', '/v1/keys/current', { headers })).status

async function made() {
  const tenant = await server.tenant()
  const { headers, key_id } = await agentKey({ server, tenant })
  return { tenant, headers, key_id, secret: headers.authorization?.split(' ')[1] as string }
}

/** A batch as GitHub sends it; the text that is signed is the text that is sent. */
function batch(items: object[], { by = privateKey, id = keyId, change = (text: string) => text } = {}) {
  const text = JSON.stringify(items)
  const signature = sign('sha256', Buffer.from(text), by).toString('base64')
  return report(change(text), {
    'github-public-key-identifier': id,
    'github-public-key-signature': signature,
  })
}
const match = (token: string) => ({
  token,
  type: 'trymellon_secret_key',
  url: 'https://github.com/octocat/hello/blob/1/.env',
  source: 'commit',
})

describe('agents 156: a leak report', () => {
  it('from anyone with the full key revokes it and answers 202, as for an unknown token', async () => {
    const one = await made()
    const answers = [
      await report({ token: one.secret }),
      await report({ token: one.secret }),
      await report({ token: mintSecret('tm_key') }),
      await report({ token: 'tm_key_nonsense' }),
      await report({ token: 'hunter2' }),
    ]
    for (const { status, text, headers } of answers) {
      expect([status, text]).toEqual([202, '{"ok":true,"data":{}}'])
      expect(headers['cache-control']).toBe('no-store')
    }
    expect(await statusOf(one.headers)).toBe(401)
    const rows = await server.database.sql.query<{ event: string; metadata: Record<string, unknown> }>(
      `select event, metadata from audit_logs where tenant_id = $1 and event like 'secret_key.%' order by id`,
      [one.tenant.tenantId],
    )
    expect(rows.map(({ event, metadata }) => [event, metadata.reason ?? metadata.reported_by])).toEqual([
      ['secret_key.created', undefined],
      ['secret_key.revoked', 'leak_report'],
      ['secret_key.leak_reported', 'possession'],
    ])
    expect(JSON.stringify(rows)).not.toContain(one.secret)
  })

  it('mails the owner, with no more of the key than its preview', async () => {
    const person = await server.person()
    const step_up = await stepUp({ server, tenant: await server.tenant() }, person, 'keys.create')
    const body = { name: 'Deploy', step_up }
    const { secret_key, key_preview } = (await server.call('POST', '/v1/keys', { headers: person.headers, body })).body
      .data
    await report({ token: secret_key })
    const mails = (await server.mails(person.address)).filter(({ subject }) => /leaked/.test(subject))
    expect(mails).toHaveLength(1)
    expect(mails[0]?.text).toContain(key_preview)
    expect(JSON.stringify(mails)).not.toContain(secret_key)
  })

  it('of a replaced version ends the key, of which both are known', async () => {
    const one = await made()
    const rotated = await server.call('POST', `/v1/keys/${one.key_id}/rotate`, { headers: one.headers, body: {} })
    await report({ token: one.secret })
    expect(await statusOf({ authorization: `Bearer ${rotated.body.data.secret_key}` })).toBe(401)
  })

  it('of a version that was replaced and is over ends nothing more: the key in its place goes on working', async () => {
    const one = await made()
    const rotated = await server.call('POST', `/v1/keys/${one.key_id}/rotate`, {
      headers: one.headers,
      body: { grace_period_seconds: 0 },
    })
    const answer = await batch([match(one.secret)])
    expect(answer.body[0].label).toBe('true_positive')
    expect(await statusOf({ authorization: `Bearer ${rotated.body.data.secret_key}` })).toBe(200)
  })

  it('of a client secret ends that one: 401 at the token endpoint', async () => {
    const { clientId, clientSecret, tenantId } = await server.tenant()
    const token = () =>
      server.call('POST', '/oauth/token', {
        body: { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret },
      })
    expect((await token()).status).toBe(200)
    expect((await report({ token: clientSecret })).status).toBe(202)
    expect((await token()).status).toBe(401)
    const [row] = await server.database.sql.query<{ metadata: Record<string, unknown> }>(
      `select metadata from audit_logs where tenant_id = $1 and event = 'secret_key.leak_reported'`,
      [tenantId],
    )
    expect(row?.metadata).toMatchObject({ client_id: clientId, reported_by: 'possession' })
  })

  it.each([[{}], [{ token: 7 }], [{ token: '' }], [{ token: 'a', reports: [] }], [{ reports: [] }], [[]]])(
    '%j → 400',
    async (body) => expect((await report(body)).status).toBe(400),
  )

  it('the 31st of an hour from one address → 429', async () => {
    const limited = await testApp({}, { database: server.database, clock: server.clock })
    const send = () => limited.call('POST', path, { body: { token: 'x' }, ip: '198.51.100.31' })
    for (let turn = 0; turn < 30; turn += 1) expect((await send()).status).toBe(202)
    expect((await send()).status).toBe(429)
    await limited.app.http.close()
  })
})

describe('agents 156: a batch in the format of GitHub', () => {
  it('with a good signature revokes what is ours, and says which that was, without an envelope', async () => {
    const [one, two] = [await made(), await made()]
    const unknown = mintSecret('tm_key')
    const answer = await batch([match(one.secret), match(two.secret), match(unknown)])
    const hash = (token: string) => createHash('sha256').update(token).digest('hex')
    const labelled = (token: string, label: string) => ({
      token_hash: hash(token),
      token_type: 'trymellon_secret_key',
      label,
    })
    expect([answer.status, answer.body]).toEqual([
      202,
      [
        labelled(one.secret, 'true_positive'),
        labelled(two.secret, 'true_positive'),
        labelled(unknown, 'false_positive'),
      ],
    ])
    expect([await statusOf(one.headers), await statusOf(two.headers)]).toEqual([401, 401])
    const [row] = await server.database.sql.query<{ metadata: Record<string, unknown> }>(
      `select metadata from audit_logs where tenant_id = $1 and event = 'secret_key.leak_reported'`,
      [one.tenant.tenantId],
    )
    expect(row?.metadata).toMatchObject({ reported_by: 'partner', url: match('').url })
  })

  it('of a key that ended long ago is still true', async () => {
    const one = await made()
    await server.call('DELETE', '/v1/keys/current', { headers: one.headers })
    server.clock.advance(1)
    await jobs['old-key-versions'].run(server.app.deps)
    const answer = await batch([match(one.secret)])
    expect([answer.status, answer.body[0].label]).toEqual([202, 'true_positive'])
  })

  it('without, with a stranger’s or over another text → 400 invalid_signature, and nothing is revoked', async () => {
    const one = await made()
    const items = [match(one.secret)]
    const bad = [
      await report(items),
      await batch(items, { by: stranger }),
      await batch(items, { id: 'unknown' }),
      await batch(items, { change: (text) => text.replace('commit', 'issue_') }),
      await batch(items, { change: (text) => ` ${text}` }),
      await report({ reports: items }),
    ]
    for (const { status, body } of bad) expect([status, body.error.code]).toEqual([400, 'invalid_signature'])
    expect(await statusOf(one.headers)).toBe(200)
  })

  it('asks for the public keys once, however many batches and invented key ids come', async () => {
    const before = asked
    await Promise.all(Array.from({ length: 10 }, (_, n) => batch([match(`token ${n}`)], { id: `made-up-${n}` })))
    await batch([match('tm_key_x')])
    expect(asked - before).toBeLessThanOrEqual(1)
  })

  it('when the public keys cannot be had → 503 with Retry-After, and nothing is revoked', async () => {
    const settings = { RATE_LIMITS: 'false', SECRET_SCANNING_KEYS_URL: 'http://127.0.0.1:9/keys' }
    const cut = await testApp(settings, { database: server.database, clock: server.clock })
    const one = await made()
    const text = JSON.stringify([match(one.secret)])
    const headers = {
      'github-public-key-identifier': keyId,
      'github-public-key-signature': sign('sha256', Buffer.from(text), privateKey).toString('base64'),
    }
    const answer = await cut.call('POST', path, { body: text, headers })
    expect([answer.status, answer.body.error.code]).toEqual([503, 'service_unavailable'])
    expect(answer.headers['retry-after']).toBe('60')
    expect(await statusOf(one.headers)).toBe(200)
    await cut.app.http.close()
  })
})

describe('the document for scanners', () => {
  it('has patterns that find every secret of ours and no longer or shorter text', async () => {
    const { status, body, headers } = await server.call('GET', '/.well-known/secret-scanning.json')
    expect([status, headers['cache-control']]).toEqual([200, 'public, max-age=3600'])
    expect(body.pattern).toBe('\\b(?:tm_key|sec)_[0-9A-Za-z]{49}\\b')
    const pattern = new RegExp(body.pattern)
    for (const prefix of ['tm_key', 'sec'] as const) {
      const secret = mintSecret(prefix)
      const own = body.patterns.filter(({ regex }: { regex: string }) => new RegExp(regex).test(`"${secret}"`))
      expect([pattern.test(`x = "${secret}"`), own.length]).toEqual([true, 1])
      expect(pattern.test(`${secret}a`)).toBe(false)
      expect(pattern.test(secret.slice(0, -1))).toBe(false)
    }
    expect(body.report_url).toBe('https://auth.example.com/v1/keys/report-leak')
    expect(body.rules.gitleaks).toContain("regex = '''\\btm_key_[0-9A-Za-z]{49}\\b'''")
    expect(body.rules.trufflehog).toContain("secret: '\\bsec_[0-9A-Za-z]{49}\\b'")
  })
})
