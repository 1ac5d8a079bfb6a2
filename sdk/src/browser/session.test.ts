import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../../test/fault-proxy.ts'
import { type TestPace, testPace, timeoutMs } from '../../test/pace.ts'
import { no, ok, serve, type Upstream } from '../../test/serve.ts'
import { createAtPace, type TryMellon } from './client.ts'

let api: Upstream
let proxy: FaultProxy
let pace: TestPace
let mellon: TryMellon
let expiresAt: string
let dead: boolean

const validation = (): object => ({
  valid: true,
  user_id: 'u1',
  external_user_id: '',
  is_anonymous: true,
  expires_at: expiresAt,
  custom_claims: { plan_name: 'gold' },
})

beforeEach(async () => {
  expiresAt = '2026-11-22T12:00:00Z'
  dead = false
  api = await serve(({ method, path }) => {
    if (dead) return no(401, 'invalid_session_token')
    if (method === 'POST') return { status: 204 }
    return path.startsWith('/v1/sessions/validate') ? ok(validation()) : ok({ data: [{ id: 's1', revoked_at: null }] })
  })
  proxy = await startFaultProxy(api.url)
  pace = testPace()
  const created = createAtPace({ publishableKey: 'cli_abc', apiBaseUrl: proxy.url, timeoutMs }, pace)
  if (!created.ok) throw created.error
  mellon = created.value
})
afterEach(async () => {
  await proxy.close()
  await api.close()
})

describe('session.verify', () => {
  it('gives what the server says of the token', async () => {
    expect(await mellon.session.verify('t1')).toEqual({
      ok: true,
      value: {
        valid: true,
        userId: 'u1',
        externalUserId: '',
        isAnonymous: true,
        expiresAt,
        customClaims: { plan_name: 'gold' },
      },
    })
    expect(api.seen[0]?.headers.authorization).toBe('Bearer t1')
  })

  it('shares one request between parallel calls', async () => {
    const results = await Promise.all(Array.from({ length: 9 }, () => mellon.session.verify('t1')))
    expect(results.every((result) => result.ok)).toBe(true)
    expect(api.seen).toHaveLength(1)
  })

  it('answers from memory for 30 s, for this token only', async () => {
    await mellon.session.verify('t1')
    pace.advance(29_999)
    await mellon.session.verify('t1')
    expect(api.seen).toHaveLength(1)
    await mellon.session.verify('t2')
    expect(api.seen).toHaveLength(2)
    pace.advance(1)
    await mellon.session.verify('t1')
    expect(api.seen).toHaveLength(3)
  })

  it('does not remember a token beyond its end', async () => {
    expiresAt = '2026-11-21T12:00:05Z'
    await mellon.session.verify('t1')
    pace.advance(5000)
    await mellon.session.verify('t1')
    expect(api.seen).toHaveLength(2)
  })

  it('does not remember a refusal', async () => {
    dead = true
    expect(await mellon.session.verify('t1')).toMatchObject({ ok: false, error: { code: 'SESSION_EXPIRED' } })
    dead = false
    expect(await mellon.session.verify('t1')).toMatchObject({ ok: true })
  })
})

describe('session.logout', () => {
  it('ends the token’s session and forgets what was known of it', async () => {
    await mellon.session.verify('t1')
    expect(await mellon.session.logout('t1')).toEqual({ ok: true, value: undefined })
    expect(api.seen[1]).toMatchObject({ method: 'POST', path: '/v1/sessions/current/logout', body: undefined })
    dead = true
    expect(await mellon.session.verify('t1')).toMatchObject({ ok: false, error: { code: 'SESSION_EXPIRED' } })
  })
})

describe('session.logout without a proper answer', () => {
  it.each([
    ['no answer', { kind: 'drop' } as const, 'NETWORK_FAILURE'],
    ['a page from between', { kind: 'answer', status: 200, body: '<html>' } as const, 'UNKNOWN_ERROR'],
  ])('(%s) is a failure and forgets what was known', async (_, fault, code) => {
    await mellon.session.verify('t1')
    proxy.next(fault)
    expect(await mellon.session.logout('t1')).toMatchObject({
      ok: false,
      error: { code, requestId: expect.any(String) },
    })
    await mellon.session.verify('t1')
    expect(api.seen.map(({ method }) => method)).toEqual(['GET', 'GET'])
  })
})

describe('session.list', () => {
  it('gives the live sessions', async () => {
    expect(await mellon.session.list('t1')).toEqual({ ok: true, value: [{ id: 's1', revokedAt: undefined }] })
  })
})
