import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type TestPace, testPace, timeoutMs } from '../../test/pace.ts'
import { no, ok, serve, type Upstream } from '../../test/serve.ts'
import { createAtPace, type TryMellon } from './client.ts'

let api: Upstream
let pace: TestPace
let mellon: TryMellon
let states: string[]

beforeEach(async () => {
  states = []
  const urls = { hosted_url: 'https://a/onboarding/onb_1', onboarding_url: 'https://a/onboarding/onb_1' }
  api = await serve(({ method }) => {
    if (method === 'POST') return { ...ok({ session_id: 'onb_1', ...urls, expires_in: 1800 }), status: 201 }
    const status = states.shift()
    return status ? ok({ status }) : no(404, 'onboarding_not_found')
  })
  pace = testPace()
  const created = createAtPace({ publishableKey: 'cli_abc', apiBaseUrl: api.url, timeoutMs }, pace)
  if (!created.ok) throw created.error
  mellon = created.value
})
afterEach(() => api.close())

describe('onboarding', () => {
  it('createLink begins one for an end user unless said, in the API’s own words', async () => {
    const prefill = { displayName: 'Ada', email: 'ada@example.com' }
    const result = await mellon.onboarding.createLink({
      returnUrl: 'https://b/',
      refreshUrl: 'https://b/again',
      prefill,
    })
    expect(result).toEqual({
      ok: true,
      value: {
        sessionId: 'onb_1',
        hostedUrl: 'https://a/onboarding/onb_1',
        onboardingUrl: 'https://a/onboarding/onb_1',
        expiresIn: 1800,
      },
    })
    expect(api.seen[0]).toMatchObject({
      path: '/v1/onboarding/start',
      headers: { authorization: 'Bearer cli_abc' },
      body: {
        user_role: 'app_user',
        return_url: 'https://b/',
        refresh_url: 'https://b/again',
        prefill: { display_name: 'Ada', email: 'ada@example.com' },
      },
    })
    await mellon.onboarding.createLink()
    expect(api.seen[1]?.body).toEqual({ user_role: 'app_user' })
  })

  it.each(['completed', 'expired', 'failed'])('waitForCompletion asks every 3 s until it is %s', async (end) => {
    states = ['pending_data', 'pending_passkey', end]
    expect(await mellon.onboarding.waitForCompletion('onb_1')).toMatchObject({ ok: true, value: { status: end } })
    expect([pace.waits, api.seen.map(({ path }) => path)]).toEqual([
      [3000, 3000],
      Array(3).fill('/v1/onboarding/onb_1/status'),
    ])
  })

  it('waitForCompletion ends with the signal, whatever its reason is', async () => {
    states = Array(50).fill('pending_data')
    const controller = new AbortController()
    controller.abort('enough')
    const { signal } = controller
    const result = await mellon.onboarding.waitForCompletion('onb_1', { signal })
    expect(result).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR' } })
  })

  it('says what the server said of one that is unknown', async () => {
    expect(await mellon.onboarding.status('onb_2')).toMatchObject({
      ok: false,
      error: { code: 'NOT_FOUND', wireCode: 'onboarding_not_found' },
    })
  })

  it('makes no request in the sandbox', async () => {
    const created = createAtPace({ publishableKey: 'cli_abc', apiBaseUrl: api.url, sandbox: true }, pace)
    if (!created.ok) throw created.error
    const { onboarding } = created.value
    const begun = await onboarding.createLink()
    if (!begun.ok) throw begun.error
    const ended = await onboarding.waitForCompletion(begun.value.sessionId)
    expect([ended.ok && ended.value.status, api.seen]).toEqual(['completed', []])
  })
})
