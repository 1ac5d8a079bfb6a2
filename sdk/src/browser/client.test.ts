import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { stubBrowser } from '../../test/browser.ts'
import { type BrowserTest, signals, startBrowserTest } from '../../test/browser-test.ts'
import type { TryMellonEvents } from './events.ts'

let events: [keyof TryMellonEvents, unknown][]
let test: BrowserTest

beforeEach(async () => {
  test = await startBrowserTest()
  events = []
  for (const name of ['start', 'success', 'error', 'cancelled'] as const) {
    test.mellon.on(name, (payload) => void events.push([name, payload]))
  }
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await test.close()
})

describe('signUp', () => {
  it('registers a passkey and gives the session', async () => {
    const result = await test.mellon.signUp({
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
    expect(test.api.seen.map(({ body }) => body)).toEqual([
      { external_user_id: 'user_123', display_name: 'Ada', authenticator_type: 'platform' },
      {
        session_id: 's1',
        credential: expect.objectContaining({ id: 'Y3JlZA' }),
        alias: 'Laptop',
        success_url: 'https://app.test/in',
        custom_claims: { plan_name: 'gold' },
      },
    ])
    for (const { headers } of test.api.seen) {
      expect(headers).toMatchObject({ authorization: 'Bearer cli_abc', origin: 'https://app.test' })
    }
  })

  it('hands mediation to server and browser', async () => {
    await test.mellon.signUp({ mediation: 'conditional' })
    expect(test.api.seen[0]?.body).toEqual({ mediation: 'conditional' })
    expect(test.browser.asked[0]?.options.mediation).toBe('conditional')
  })
})

describe('signIn', () => {
  it('signs in whoever the authenticator knows', async () => {
    const { user: _, ...rest } = { user: { userId: 'u1', isAnonymous: false }, authenticated: true, sessionToken: 't2' }
    const result = await test.mellon.signIn()
    expect(result).toMatchObject({ ok: true, value: { ...rest, signals, redirectUrl: 'https://app.test/in' } })
    expect(result.ok && result.value.user.externalUserId).toBeUndefined()
    expect(test.api.seen[0]?.body).toEqual({})
    expect(test.browser.asked.map(({ kind }) => kind)).toEqual(['get'])
  })

  it('signs in a named user', async () => {
    expect(await test.mellon.signIn({ externalUserId: 'user_123' })).toMatchObject({ ok: true })
    expect(test.api.seen[0]?.body).toEqual({ external_user_id: 'user_123' })
  })

  it('waits in the autofill, where the browser has it', async () => {
    expect(await test.mellon.signIn({ mediation: 'conditional' })).toMatchObject({ ok: true })
    expect(test.browser.asked[0]?.options.mediation).toBe('conditional')
    stubBrowser({ conditional: false })
    const result = await test.mellon.signIn({ mediation: 'conditional' })
    expect(result).toMatchObject({ ok: false, error: { code: 'NOT_SUPPORTED' } })
    expect(test.asked()).toHaveLength(2)
  })

  it('fails without a request where there are no passkeys', async () => {
    vi.stubGlobal('PublicKeyCredential', undefined)
    expect(await test.mellon.signIn()).toMatchObject({ ok: false, error: { code: 'NOT_SUPPORTED' } })
    expect(test.asked()).toEqual([])
  })

  it('says what the server refused, with all it said', async () => {
    const error = { code: 'user_locked', message: 'locked', hint: 'wait', docs_url: 'https://docs' }
    const headers = { 'retry-after': '1800', 'x-request-id': 'req_12345678' }
    test.proxy.next({ kind: 'answer', status: 423, headers, body: JSON.stringify({ ok: false, error }) })
    const result = await test.mellon.signIn()
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

describe('events', () => {
  it('tell a success with token and user', async () => {
    await test.mellon.signUp({ externalUserId: 'user_123' })
    expect(events).toEqual([
      ['start', { operation: 'signUp' }],
      ['success', { operation: 'signUp', token: 't1', user: expect.objectContaining({ userId: 'u1' }) }],
    ])
  })

  it('tell a failure', async () => {
    test.proxy.next({ kind: 'answer', status: 400, body: '{"error":{"code":"validation_error","message":"m"}}' })
    const result = await test.mellon.signIn()
    expect(events).toEqual([
      ['start', { operation: 'signIn' }],
      ['error', { operation: 'signIn', error: result.ok ? undefined : result.error }],
    ])
  })

  it.each(['NotAllowedError', 'AbortError'])('tell %s as cancelled', async (name) => {
    test.browser.answer(() => Promise.reject(new DOMException('', name)))
    await test.mellon.signIn()
    expect(events.at(-1)).toEqual(['cancelled', { operation: 'signIn' }])
    expect(events).toHaveLength(2)
  })

  it('end with the returned function', async () => {
    const seen: string[] = []
    const off = test.mellon.on('start', ({ operation }) => void seen.push(operation))
    await test.mellon.signIn()
    off()
    await test.mellon.signIn()
    expect(seen).toEqual(['signIn'])
  })

  it('survive a handler that throws', async () => {
    test.mellon.on('start', () => {
      throw new Error('the page’s mistake')
    })
    expect(await test.mellon.signIn()).toMatchObject({ ok: true })
  })
})

describe('passkeys', () => {
  const sessionToken = 't1'

  it('add one with the session, and without events', async () => {
    const result = await test.mellon.passkeys.add({ sessionToken, alias: 'Phone' })
    expect(result).toEqual({ ok: true, value: { credentialId: 'c1', status: 'active' } })
    for (const { headers } of test.api.seen) expect(headers.authorization).toBe('Bearer t1')
    expect(test.api.seen[1]?.body).toMatchObject({ alias: 'Phone' })
    expect(events).toEqual([])
  })

  it('list all pages', async () => {
    const own = { credentialId: 'c1', backupState: true, createdAt: 'then' }
    expect(await test.mellon.passkeys.list({ sessionToken })).toEqual({ ok: true, value: [own, own] })
    expect(test.api.seen[0]?.headers.authorization).toBe('Bearer t1')
  })

  it('rename and remove', async () => {
    const renamed = await test.mellon.passkeys.rename({ sessionToken, credentialId: 'c/1', alias: 'Key' })
    expect(renamed).toMatchObject({ ok: true, value: { credentialId: 'c1' } })
    expect(test.api.seen[0]?.body).toEqual({ alias: 'Key' })
    expect(await test.mellon.passkeys.remove({ sessionToken, credentialId: 'c1' })).toEqual({
      ok: true,
      value: undefined,
    })
  })

  it.each(['sec_abc', 'tm_key_abc'])('refuse %s for a session token, without a request', async (secret) => {
    const result = await test.mellon.passkeys.list({ sessionToken: secret })
    expect(result).toMatchObject({ ok: false, error: { code: 'INVALID_ARGUMENT' } })
    expect(test.proxy.seen).toEqual([])
  })
})
