import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TryMellon } from '../index.ts'

const token = 'trymellon_sandbox_session_token_v1'
const warn = vi.fn()
const config = { publishableKey: 'cli_abc', apiBaseUrl: 'https://api.test', sandbox: true, logger: { warn } }

function client(more: object = {}): TryMellon {
  const created = TryMellon.create({ ...config, ...more })
  if (!created.ok) throw created.error
  return created.value
}

// Any request and any question to an authenticator would fail the test.
beforeEach(() => {
  vi.stubGlobal('fetch', () => expect.unreachable('a request was made'))
  warn.mockClear()
})
afterEach(() => vi.unstubAllGlobals())

describe('the sandbox', () => {
  it('signs up and in at once, events included', async () => {
    const mellon = client()
    const events: unknown[] = []
    mellon.on('success', (payload) => void events.push(payload))
    const user = { userId: 'sandbox-user', externalUserId: 'user_123', isAnonymous: false }
    expect(await mellon.signUp({ externalUserId: 'user_123' })).toMatchObject({
      ok: true,
      value: { success: true, status: 'sandbox', sessionToken: token, user },
    })
    const signedIn = await mellon.signIn()
    expect(signedIn).toMatchObject({
      ok: true,
      value: { authenticated: true, sessionToken: token, user: { userId: 'sandbox-user', isAnonymous: true } },
    })
    expect(events).toEqual([
      { operation: 'signUp', token, user },
      { operation: 'signIn', token, user: signedIn.ok && signedIn.value.user },
    ])
  })

  it('knows its own token only', async () => {
    const mellon = client({ sandboxToken: 'mine' })
    expect(await mellon.session.verify('mine')).toMatchObject({
      ok: true,
      value: { valid: true, userId: 'sandbox-user' },
    })
    for (const other of [token, 'eyJ', 'cli_other']) {
      expect(await mellon.session.verify(other)).toMatchObject({ ok: false, error: { code: 'SESSION_EXPIRED' } })
    }
    expect(await mellon.signIn()).toMatchObject({ ok: true, value: { sessionToken: 'mine' } })
  })

  it('has the rest of the methods too', async () => {
    const { passkeys, session } = client()
    const options = { sessionToken: token, credentialId: 'c1' }
    expect(await passkeys.add(options)).toMatchObject({ ok: true, value: { status: 'sandbox' } })
    expect(await passkeys.list(options)).toEqual({ ok: true, value: [] })
    expect(await passkeys.rename({ ...options, alias: 'Key' })).toMatchObject({ ok: true })
    expect(await passkeys.remove(options)).toMatchObject({ ok: true })
    expect(await session.list(token)).toEqual({ ok: true, value: [] })
    expect(await session.logout(token)).toMatchObject({ ok: true })
  })

  it('obeys a signal', async () => {
    const result = await client().signIn({ signal: AbortSignal.abort() })
    expect(result).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR' } })
  })

  it.each([
    ['app.test', 1],
    ['localhost', 0],
    ['shop.localhost', 0],
    ['notlocalhost', 1],
  ])('on a page of %s warns %i times', async (hostname, times) => {
    vi.stubGlobal('location', { hostname, origin: `https://${hostname}` })
    await client().signIn()
    expect(warn).toHaveBeenCalledTimes(times)
  })
})
