import { createAtPace, type TryMellon } from '../src/browser/client.ts'
import { type Browser, stubBrowser } from './browser.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { type TestPace, testPace, timeoutMs } from './pace.ts'
import { no, ok, type Reply, serve, type Upstream } from './serve.ts'

const user = { user_id: 'u1', external_user_id: 'user_123', is_anonymous: false, metadata: { plan_name: 'gold' } }
const passkey = { credential_id: 'c1', alias: null, backup_state: true, created_at: 'then' }
export const signals = { userVerification: true, backupEligible: true, backupStatus: false }

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

export type BrowserTest = {
  api: Upstream
  /** Between client and API. */
  proxy: FaultProxy
  pace: TestPace
  browser: Browser
  mellon: TryMellon
  /** What the API was asked, as method and path. */
  asked(): string[]
  close(): Promise<void>
}

/** A client on a page that has passkeys, an API with canned answers, and a proxy between them. */
export async function startBrowserTest(): Promise<BrowserTest> {
  const api = await serve(({ method, path }) => routes[`${method} ${path}`] ?? no(404, 'not_found'))
  const proxy = await startFaultProxy(api.url)
  const pace = testPace()
  const browser = stubBrowser()
  const config = { publishableKey: 'cli_abc', apiBaseUrl: proxy.url, timeoutMs, origin: 'https://app.test' }
  const created = createAtPace(config, pace)
  if (!created.ok) throw created.error
  const asked = (): string[] => api.seen.map(({ method, path }) => `${method} ${path}`)
  const close = async (): Promise<void> => {
    await proxy.close()
    await api.close()
  }
  return { api, proxy, pace, browser, mellon: created.value, asked, close }
}
