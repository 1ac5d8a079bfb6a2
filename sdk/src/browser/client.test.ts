import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Browser, prompt, stubBrowser } from '../../test/authenticator.ts'
import { type FaultProxy, startFaultProxy } from '../../test/fault-proxy.ts'
import { type TestPace, testPace, timeoutMs } from '../../test/pace.ts'
import { no, ok, type Reply, serve, type Upstream } from '../../test/serve.ts'
import { createAtPace, type TryMellon } from './client.ts'
import type { TryMellonEvents } from './events.ts'

const user = { user_id: 'u1', external_user_id: 'user_123', is_anonymous: false, metadata: { plan_name: 'gold' } }
const passkey = { credential_id: 'c1', alias: null, backup_state: true, created_at: 'then' }
const signals = { userVerification: true, backupEligible: true, backupStatus: false }

const routes: Record<string, Reply> = {
  'POST /v1/passkeys/register/start': ok({ session_id: 's1', challenge: { challenge: 'AAAA', user: { id: 'AAAA' } } }),
  'POST /v1/passkeys/register/finish': ok({ credential_id: 'c1', status: 'active', session_token: 't1', user }),
  'POST /v1/passkeys/auth/start': ok({ session_id: 's2', challenge: { challenge: 'AAAA' } }),
  'POST /v1/passkeys/auth/finish': ok({
    authenticated: true,
    session_token: 't2',
    user: { ...user, external_user_id: null },
    signals,
    redirect_url: 'https://app.test/in',
  }),
  'GET /v1/passkeys?limit=100': ok({ data: [passkey], has_more: true, next_cursor: 'c1' }),
  'GET /v1/passkeys?limit=100&starting_after=c1': ok({ data: [passkey], has_more: false, next_cursor: null }),
  'PATCH /v1/passkeys/c%2F1': ok(passkey),
  'DELETE /v1/passkeys/c1': { status: 204 },
}

let api: Upstream
let proxy: FaultProxy
let pace: TestPace
let browser: Browser
let mellon: TryMellon
let events: [keyof TryMellonEvents, unknown][]

beforeEach(async () => {
  api = await serve(({ method, path }) => routes[`${method} ${path}`] ?? no(404, 'not_found'))
  proxy = await startFaultProxy(api.url)
  pace = testPace()
  browser = stubBrowser()
  const config = { publishableKey: 'cli_abc', apiBaseUrl: proxy.url, timeoutMs, origin: 'https://app.test' }
  const created = createAtPace(config, pace)
  if (!created.ok) throw created.error
  mellon = created.value
  events = []
  for (const name of ['start', 'success', 'error', 'cancelled'] as const) {
    mellon.on(name, (payload) => void events.push([name, payload]))
  }
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await proxy.close()
  await api.close()
})

const asked = () => api.seen.map(({ method, path }) => `${method} ${path}`)

describe('signUp', () => {
  it('registers a passkey and gives the session', async () => {
    const result = await mellon.signUp({
      externalUserId: 'user_123',
      displayName: 'Ada',
      alias: 'Laptop',
      authenticatorType: 'platform',
      successUrl: 'https://app.test/in',
      customClaims: { plan_name: 'gold' },
    })
    expect(result).toEqual({
      ok: true,
      value: {
        success: true,
        credentialId: 'c1',
        status: 'active',
        sessionToken: 't1',
        user: { userId: 'u1', externalUserId: 'user_123', isAnonymous: false, metadata: { plan_name: 'gold' } },
      },
    })
    expect(api.seen.map(({ body }) => body)).toEqual([
      { external_user_id: 'user_123', display_name: 'Ada', authenticator_type: 'platform' },
      {
        session_id: 's1',
        credential: expect.objectContaining({ id: 'Y3JlZA' }),
        alias: 'Laptop',
        success_url: 'https://app.test/in',
        custom_claims: { plan_name: 'gold' },
      },
    ])
    for (const { headers } of api.seen) {
      expect(headers).toMatchObject({ authorization: 'Bearer cli_abc', origin: 'https://app.test' })
    }
  })

  it('hands mediation to server and browser', async () => {
    await mellon.signUp({ mediation: 'conditional' })
    expect(api.seen[0]?.body).toEqual({ mediation: 'conditional' })
    expect(browser.asked[0]?.options.mediation).toBe('conditional')
  })
})

describe('signIn', () => {
  it('signs in whoever the authenticator knows', async () => {
    const { user: _, ...rest } = { user: { userId: 'u1', isAnonymous: false }, authenticated: true, sessionToken: 't2' }
    const result = await mellon.signIn()
    expect(result).toMatchObject({ ok: true, value: { ...rest, signals, redirectUrl: 'https://app.test/in' } })
    expect(result.ok && result.value.user.externalUserId).toBeUndefined()
    expect(api.seen[0]?.body).toEqual({})
    expect(browser.asked.map(({ kind }) => kind)).toEqual(['get'])
  })

  it('signs in a named user', async () => {
    expect(await mellon.signIn({ externalUserId: 'user_123' })).toMatchObject({ ok: true })
    expect(api.seen[0]?.body).toEqual({ external_user_id: 'user_123' })
  })

  it('waits in the autofill, where the browser has it', async () => {
    expect(await mellon.signIn({ mediation: 'conditional' })).toMatchObject({ ok: true })
    expect(browser.asked[0]?.options.mediation).toBe('conditional')
    stubBrowser({ conditional: false })
    const result = await mellon.signIn({ mediation: 'conditional' })
    expect(result).toMatchObject({ ok: false, error: { code: 'NOT_SUPPORTED' } })
    expect(asked()).toHaveLength(2)
  })

  it('fails without a request where there are no passkeys', async () => {
    vi.stubGlobal('PublicKeyCredential', undefined)
    expect(await mellon.signIn()).toMatchObject({ ok: false, error: { code: 'NOT_SUPPORTED' } })
    expect(asked()).toEqual([])
  })

  it('says what the server refused, with all it said', async () => {
    const error = { code: 'user_locked', message: 'locked', hint: 'wait', docs_url: 'https://docs' }
    const headers = { 'retry-after': '1800', 'x-request-id': 'req_12345678' }
    proxy.next({ kind: 'answer', status: 423, headers, body: JSON.stringify({ ok: false, error }) })
    const result = await mellon.signIn()
    expect(result).toMatchObject({
      ok: false,
      error: {
        name: 'TryMellonError',
        code: 'USER_LOCKED',
        wireCode: 'user_locked',
        message: 'locked',
        hint: 'wait',
        docsUrl: 'https://docs',
        retryAfter: 1800,
        requestId: 'req_12345678',
      },
    })
  })
})

describe('the authenticator’s refusals', () => {
  it.each([
    ['NotAllowedError', 'USER_CANCELLED'],
    ['AbortError', 'ABORT_ERROR'],
    ['InvalidStateError', 'PASSKEY_EXISTS'],
    ['NotSupportedError', 'NOT_SUPPORTED'],
    ['SecurityError', 'NOT_SUPPORTED'],
    ['ConstraintError', 'UNKNOWN_ERROR'],
  ])('%s is %s', async (name, code) => {
    const cause = new DOMException('about it', name)
    browser.answer(() => Promise.reject(cause))
    expect(await mellon.signUp()).toMatchObject({ ok: false, error: { code, message: 'about it', cause } })
    expect(asked()).toEqual(['POST /v1/passkeys/register/start'])
  })
})

describe('retries', () => {
  it('repeat a start after any failure of the way, with one request id', async () => {
    proxy.next({ kind: 'drop' }, { kind: 'answer', status: 502 }, { kind: 'cut' })
    expect(await mellon.signIn()).toMatchObject({ ok: true })
    expect(new Set(proxy.seen.slice(0, 4).map(({ headers }) => headers['x-request-id'])).size).toBe(1)
    expect(pace.waits).toEqual([250, 500, 1000])
  })

  it('never repeat a finish that the server may have taken', async () => {
    proxy.next({ kind: 'pass' }, { kind: 'cut' })
    expect(await mellon.signIn()).toMatchObject({ ok: false, error: { code: 'NETWORK_FAILURE' } })
    expect(asked()).toEqual(['POST /v1/passkeys/auth/start', 'POST /v1/passkeys/auth/finish'])
  })

  it('repeat a finish that the server refused to begin', async () => {
    proxy.next({ kind: 'pass' }, { kind: 'answer', status: 503, headers: { 'retry-after': '2' } })
    expect(await mellon.signIn()).toMatchObject({ ok: true })
    expect(pace.waits).toEqual([2000])
  })

  it('end when Retry-After is beyond 30 s', async () => {
    proxy.next({ kind: 'answer', status: 429, headers: { 'retry-after': '31' } })
    expect(await mellon.signIn()).toMatchObject({ ok: false, error: { code: 'RATE_LIMIT_EXCEEDED', retryAfter: 31 } })
    expect(proxy.seen).toHaveLength(1)
  })

  it('end with TIMEOUT when no try is answered in time', async () => {
    proxy.next({ kind: 'pass' }, { kind: 'hang' })
    const result = mellon.signIn()
    await proxy.arrived(2)
    pace.expire()
    expect(await result).toMatchObject({ ok: false, error: { code: 'TIMEOUT' } })
  })
})

describe('the caller’s signal', () => {
  it('aborted before, means no request', async () => {
    const result = await mellon.signIn({ signal: AbortSignal.abort() })
    expect(result).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR' } })
    expect(proxy.seen).toEqual([])
  })

  it('ends a request', async () => {
    const controller = new AbortController()
    proxy.next({ kind: 'hang' })
    const result = mellon.signIn({ signal: controller.signal })
    await proxy.arrived(1)
    controller.abort('any reason')
    expect(await result).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR', cause: 'any reason' } })
  })

  it('ends a prompt', async () => {
    const controller = new AbortController()
    browser.answer((asked) => {
      queueMicrotask(() => controller.abort(new Error('enough')))
      return prompt(asked)
    })
    const result = await mellon.signUp({ signal: controller.signal })
    expect(result).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR' } })
    expect(asked()).toEqual(['POST /v1/passkeys/register/start'])
  })
})

describe('a second ceremony', () => {
  it('ends the one that waits', async () => {
    const reached = new Promise<void>((resolve) => {
      browser.answer((asked) => {
        resolve()
        return prompt(asked)
      })
    })
    const waiting = mellon.signIn({ mediation: 'conditional' })
    await reached
    stubBrowser()
    expect(await mellon.signIn()).toMatchObject({ ok: true })
    expect(await waiting).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR' } })
  })
})

describe('events', () => {
  it('tell a success with token and user', async () => {
    await mellon.signUp({ externalUserId: 'user_123' })
    expect(events).toEqual([
      ['start', { operation: 'signUp' }],
      ['success', { operation: 'signUp', token: 't1', user: expect.objectContaining({ userId: 'u1' }) }],
    ])
  })

  it('tell a failure', async () => {
    proxy.next({ kind: 'answer', status: 400, body: '{"error":{"code":"validation_error","message":"m"}}' })
    const result = await mellon.signIn()
    expect(events).toEqual([
      ['start', { operation: 'signIn' }],
      ['error', { operation: 'signIn', error: result.ok ? undefined : result.error }],
    ])
  })

  it.each(['NotAllowedError', 'AbortError'])('tell %s as cancelled', async (name) => {
    browser.answer(() => Promise.reject(new DOMException('', name)))
    await mellon.signIn()
    expect(events.at(-1)).toEqual(['cancelled', { operation: 'signIn' }])
    expect(events).toHaveLength(2)
  })

  it('end with the returned function', async () => {
    const seen: string[] = []
    const off = mellon.on('start', ({ operation }) => void seen.push(operation))
    await mellon.signIn()
    off()
    await mellon.signIn()
    expect(seen).toEqual(['signIn'])
  })

  it('survive a handler that throws', async () => {
    mellon.on('start', () => {
      throw new Error('the page’s mistake')
    })
    expect(await mellon.signIn()).toMatchObject({ ok: true })
  })
})

describe('passkeys', () => {
  const sessionToken = 't1'

  it('add one with the session, and without events', async () => {
    const result = await mellon.passkeys.add({ sessionToken, alias: 'Phone' })
    expect(result).toEqual({ ok: true, value: { credentialId: 'c1', status: 'active' } })
    for (const { headers } of api.seen) expect(headers.authorization).toBe('Bearer t1')
    expect(api.seen[1]?.body).toMatchObject({ alias: 'Phone' })
    expect(events).toEqual([])
  })

  it('list all pages', async () => {
    const own = { credentialId: 'c1', backupState: true, createdAt: 'then' }
    expect(await mellon.passkeys.list({ sessionToken })).toEqual({ ok: true, value: [own, own] })
    expect(api.seen[0]?.headers.authorization).toBe('Bearer t1')
  })

  it('rename and remove', async () => {
    const renamed = await mellon.passkeys.rename({ sessionToken, credentialId: 'c/1', alias: 'Key' })
    expect(renamed).toMatchObject({ ok: true, value: { credentialId: 'c1' } })
    expect(api.seen[0]?.body).toEqual({ alias: 'Key' })
    expect(await mellon.passkeys.remove({ sessionToken, credentialId: 'c1' })).toEqual({ ok: true, value: undefined })
  })

  it.each(['sec_abc', 'tm_key_abc'])('refuse %s for a session token, without a request', async (secret) => {
    const result = await mellon.passkeys.list({ sessionToken: secret })
    expect(result).toMatchObject({ ok: false, error: { code: 'INVALID_ARGUMENT' } })
    expect(proxy.seen).toEqual([])
  })
})
