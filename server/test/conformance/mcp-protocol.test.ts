import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agentToken } from '../agent-token.ts'
import { freshAddress, type Tenant, type TestApp, testApp } from '../harness.ts'
import { type Credential, current, currentRequest, keyOf, olderRequest, post, previous } from '../mcp-requests.ts'
import { tokenOf } from '../oauth-requests.ts'

let server: TestApp
let tenant: Tenant
let credentials: [string, Credential][]
beforeAll(async () => {
  server = await testApp({ RATE_LIMIT_OVERRIDES: '{"mcp":{"points":100000}}' })
  tenant = await server.tenant()
  credentials = [
    ['a secret key', await keyOf(server, tenant)],
    ['a token of client credentials', { token: await tokenOf(server, tenant) }],
    ['a token that a person consented to', { token: (await agentToken(server, await server.person())).token }],
  ]
})
afterAll(() => server.close())

const initialize = (protocolVersion: string) => {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const { headers, body } = olderRequest('initialize', params)
  return { headers: { accept: headers.accept as string }, body }
}

describe('agents 171: revisions with a handshake', () => {
  it('initialize, tools/list, tools/call and ping, with every kind of credential', async () => {
    for (const [name, credential] of credentials) {
      const begun = await post(server, initialize(previous), credential)
      expect([name, begun.status, begun.body.result]).toMatchObject([
        name,
        200,
        { protocolVersion: previous, capabilities: { tools: {} }, serverInfo: { name: 'trymellon' } },
      ])
      expect(begun.headers['mcp-session-id']).toBeUndefined()
      const ready = olderRequest('notifications/initialized')
      delete ready.body.id
      const noted = await post(server, ready, credential)
      expect([noted.status, noted.text]).toEqual([202, ''])
      expect((await post(server, olderRequest('ping'), credential)).body.result).toEqual({})
      const listed = await post(server, olderRequest('tools/list'), credential)
      expect(listed.body.result.tools.map((tool: { name: string }) => tool.name)).toContain('connection_status')
      const called = await post(server, olderRequest('tools/call', { name: 'connection_status' }), credential)
      expect([called.status, called.headers['content-type']?.split(';')[0]]).toEqual([200, 'application/json'])
      const { structuredContent, content, isError } = called.body.result
      expect([isError, JSON.parse(content[0].text)]).toEqual([undefined, structuredContent])
    }
  })

  it.each(['2025-11-25', '2025-06-18', '2025-03-26'])('%s is what a client of it gets', async (revision) => {
    const [, credential] = credentials[0] as [string, Credential]
    expect((await post(server, initialize(revision), credential)).body.result.protocolVersion).toBe(revision)
    const list = olderRequest('tools/list')
    list.headers['mcp-protocol-version'] = revision
    expect((await post(server, list, credential)).status).toBe(200)
  })

  it('a revision nobody knows → the newest with a handshake', async () => {
    const [, credential] = credentials[0] as [string, Credential]
    expect((await post(server, initialize('1999-01-01'), credential)).body.result.protocolVersion).toBe(previous)
  })
})

describe('agents 172: 2026-07-28, without a handshake', () => {
  const send = (sent: ReturnType<typeof currentRequest>) => post(server, sent, credentials[0]?.[1])

  it('server/discover, tools/list and tools/call, with every kind of credential', async () => {
    for (const [name, credential] of credentials) {
      const found = await post(server, currentRequest('server/discover'), credential)
      expect([name, found.status, found.body.result]).toMatchObject([
        name,
        200,
        { supportedVersions: [current], capabilities: { tools: {} } },
      ])
      const listed = await post(server, currentRequest('tools/list'), credential)
      expect([listed.status, listed.body.result]).toMatchObject([200, { ttlMs: 60_000, cacheScope: 'private' }])
      const called = await post(server, currentRequest('tools/call', { name: 'connection_status' }), credential)
      expect([called.status, called.body.result.isError]).toEqual([200, undefined])
    }
  })

  it('a header that says something else than the body, or is missing → 400 −32020', async () => {
    const list = () => currentRequest('tools/list')
    const call = () => currentRequest('tools/call', { name: 'users_list' })
    const wrong: [ReturnType<typeof list>, string, string | undefined][] = [
      [list(), 'mcp-method', 'tools/call'],
      [list(), 'mcp-method', undefined],
      [list(), 'mcp-protocol-version', previous],
      [list(), 'mcp-protocol-version', undefined],
      [call(), 'mcp-name', 'users_delete'],
      [call(), 'mcp-name', undefined],
    ]
    for (const [sent, name, value] of wrong) {
      delete sent.headers[name]
      if (value !== undefined) sent.headers[name] = value
      const answer = await send(sent)
      expect([name, value, answer.status, answer.body.error?.code]).toEqual([name, value, 400, -32020])
      expect(answer.body.id).toBe(sent.body.id)
    }
  })

  it('a revision that is not served → 400 −32022 with those that are', async () => {
    const sent = currentRequest('tools/list')
    sent.headers['mcp-protocol-version'] = '2099-01-01'
    const params = sent.body.params as { _meta: Record<string, unknown> }
    params._meta['io.modelcontextprotocol/protocolVersion'] = '2099-01-01'
    const answer = await send(sent)
    expect([answer.status, answer.body.error.code, answer.body.error.data.supported]).toEqual([400, -32022, [current]])
  })

  it('an unknown method → 404 −32601', async () => {
    for (const method of ['tools/forget', 'resources/list', 'prompts/list', 'ping', 'initialize']) {
      const answer = await send(currentRequest(method))
      expect([method, answer.status, answer.body.error.code]).toEqual([method, 404, -32601])
    }
  })

  it('a stray session or event id is ignored', async () => {
    const sent = currentRequest('tools/list')
    Object.assign(sent.headers, { 'mcp-session-id': 'nothing', 'last-event-id': '7' })
    expect((await send(sent)).status).toBe(200)
  })

  it('a subscription ends at once: nothing here changes without a new version', async () => {
    const notifications = { toolsListChanged: true }
    const answer = await send(currentRequest('subscriptions/listen', { notifications }))
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/event-stream'])
    expect(answer.text).toContain('"resultType":"complete"')
  })
})

describe('the transport', () => {
  const key = () => credentials[0]?.[1] as Credential

  it('agents 173: GET, HEAD and DELETE → 405 that allows POST', async () => {
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      const answer = await server.call(method, '/mcp', { headers: { ...key().headers, host: 'auth.example.com' } })
      expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'POST'])
    }
  })

  it('answers are one JSON object, unless the client takes streams only', async () => {
    for (const request of [olderRequest, currentRequest]) {
      for (const [accept, type] of [
        ['application/json, text/event-stream', 'application/json'],
        ['application/json', 'application/json'],
        ['*/*', 'application/json'],
        ['text/event-stream', 'text/event-stream'],
      ] as const) {
        const sent = request('tools/list')
        sent.headers.accept = accept
        const answer = await post(server, sent, key())
        expect([accept, answer.status, answer.headers['content-type']?.split(';')[0]]).toEqual([accept, 200, type])
        expect(answer.text).toContain('"name":"connection_status"')
      }
    }
  })

  it('what is no JSON, no message, or several → 400 with the words of JSON-RPC; another type → 415', async () => {
    const sendBody = (body: string, type = 'application/json') =>
      server.call('POST', '/mcp', {
        headers: { ...key().headers, host: 'auth.example.com', accept: '*/*', 'content-type': type },
        body,
      })
    const tries: [string, number, number][] = [
      ['{', 400, -32700],
      ['', 400, -32700],
      ['{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', 400, -32700],
      ['[]', 400, -32600],
      [JSON.stringify([olderRequest('ping').body, olderRequest('ping').body]), 400, -32600],
      ['null', 400, -32600],
      ['"x"', 400, -32600],
      ['{}', 400, -32600],
    ]
    for (const [body, status, code] of tries) {
      const answer = await sendBody(body)
      expect([body, answer.status, answer.body.error.code]).toEqual([body, status, code])
    }
    expect((await sendBody(JSON.stringify(olderRequest('ping').body), 'text/plain')).status).toBe(415)
    expect((await sendBody(JSON.stringify(olderRequest('ping').body), 'application/x-ndjson')).status).toBe(415)
  })

  it('no message, however odd, is a fault', async () => {
    const odd: unknown[] = [null, 1, true, '', [], {}, [[]], 'x'.repeat(5000), { a: { b: [null] } }, '\u0007', -1, 1.5]
    const list = currentRequest('tools/list')
    const about = (list.body.params as { _meta: object })._meta
    const bodies: object[] = odd.flatMap((value) => [
      { jsonrpc: '2.0', id: 1, method: value },
      { jsonrpc: value, id: 1, method: 'tools/list' },
      { jsonrpc: '2.0', id: value, method: 'tools/list' },
      { jsonrpc: '2.0', id: value, method: 'tools/list', params: { _meta: about } },
      { jsonrpc: '2.0', id: 1, method: 'tools/list', params: value },
      { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: value } },
      { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor: value, _meta: about } },
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: value } },
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'users_get', arguments: value } },
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'users_get', arguments: { external_user_id: value } },
      },
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'users_get', arguments: { application_id: value } },
      },
      { jsonrpc: '2.0', id: 1, method: 'initialize', params: value },
      { jsonrpc: '2.0', id: 1, result: value },
      { jsonrpc: '2.0', id: 1, error: value },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: value },
    ])
    const { token } = await server.tenant()
    const before = server.lines.length
    for (const headers of [olderRequest('x').headers, list.headers, { accept: 'text/event-stream' }]) {
      for (const body of bodies) {
        const answer = await post(server, { headers, body: body as Record<string, unknown> }, { token })
        expect([body, answer.status, answer.text]).toEqual([
          body,
          expect.toSatisfy((status: number) => [200, 202, 400, 404].includes(status)),
          expect.not.stringMatching(/-32603|node_modules|\.[cm]?[jt]s:/),
        ])
      }
    }
    expect(server.lines.slice(before).filter((line) => /"level":"(?:error|fatal)"/.test(line))).toEqual([])
  })

  it('a body of up to 256 KiB is read', async () => {
    const sized = (bytes: number) => olderRequest('ping', { _meta: { filler: 'x'.repeat(bytes) } })
    expect((await post(server, sized(260_000), key())).status).toBe(200)
    const large = await post(server, sized(262_144), key())
    expect([large.status, large.body.error.data.code]).toEqual([413, 'payload_too_large'])
  })

  it('agents §15: 600 requests a minute that call no tool, for each credential; tools go on', async () => {
    const limited = await testApp({ RATE_LIMIT_OVERRIDES: '{"mcp":{"points":3}}' })
    const { token } = await limited.tenant()
    const other = await limited.tenant()
    for (let i = 0; i < 3; i++) expect((await post(limited, olderRequest('ping'), { token })).status).toBe(200)
    for (const sent of [olderRequest('ping'), currentRequest('tools/call', { name: 'nothing' })]) {
      const refused = await post(limited, sent, { token })
      expect([refused.status, refused.body.id, refused.body.error.data]).toMatchObject([
        429,
        sent.body.id,
        { code: 'rate_limit_exceeded', retry_after: expect.any(Number) },
      ])
      expect(Number(refused.headers['retry-after'])).toBe(refused.body.error.data.retry_after)
    }
    const headers = { authorization: `Bearer ${token}`, host: 'auth.example.com' }
    expect((await limited.call('GET', '/mcp', { headers, ip: freshAddress() })).status).toBe(429)
    expect((await post(limited, olderRequest('ping'), other)).status).toBe(200)
    const called = await post(limited, currentRequest('tools/call', { name: 'connection_status' }), { token })
    expect(called.status).toBe(200)
    await limited.close()
  })

  it('calls that no tool gets to see count like other requests', async () => {
    const limited = await testApp({ RATE_LIMIT_OVERRIDES: '{"mcp":{"points":1}}' })
    const call = () => currentRequest('tools/call', { name: 'connection_status' })
    const notified = olderRequest('tools/call', { name: 'connection_status', arguments: {} })
    delete notified.body.id
    const mismatched = call()
    mismatched.headers['mcp-method'] = 'ping'
    const foreign = { name: 'users_list', arguments: { application_id: 'app_0000000000000000000000' } }
    for (const [sent, status] of [
      [notified, 202],
      [mismatched, 400],
      [olderRequest('tools/call', foreign), 200],
    ] as const) {
      const { token } = await limited.tenant()
      expect([(await post(limited, sent, { token })).status, (await post(limited, sent, { token })).status]).toEqual([
        status,
        429,
      ])
      expect((await post(limited, call(), { token })).status).toBe(200)
    }
    await limited.close()
  })
})
