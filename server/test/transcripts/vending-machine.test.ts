import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestApp, testApp } from '../harness.ts'
import { curl as runCurl } from './curl.ts'

/** The published page's curls, word for word; only the host and the `xxxx` placeholders are filled in. */
const steps = {
  provision: `curl -X POST https://api.trymellonauth.com/v1/onboarding/ai \\
-H "Content-Type: application/json" \\
-d '{ "name": "My Agent Name" }'`,
  token: `curl -X POST https://api.trymellonauth.com/oauth/token \\
-H "Content-Type: application/json" \\
-d '{
"client_id": "cli_xxxx",
"client_secret": "sec_xxxx",
"grant_type": "client_credentials"
}'`,
  user: `curl -X POST https://api.trymellonauth.com/v1/users \\
-H "Authorization: Bearer <access_token>" \\
-H "Content-Type: application/json" \\
-d '{ "external_user_id": "user_123" }'`,
  origin: `curl -X PATCH https://api.trymellonauth.com/v1/applications/<applicationId> \\
-H "Authorization: Bearer <access_token>" \\
-H "Content-Type: application/json" \\
-d '{ "allowed_origins": ["https://your-agent-domain.com", "http://localhost:3000"] }'`,
}

let server: TestApp
let base: string
beforeAll(async () => {
  server = await testApp()
  base = await server.app.http.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => server.close())

const curl = (command: string, values?: Record<string, string>) => runCurl(base, command, values)

it('the vending-machine page works as printed, from nothing but a URL to an allowed origin', async () => {
  const made = await curl(steps.provision)
  expect(made).toMatchObject({
    status: 200,
    body: { limits: { maxUsers: 15, maxApps: 1 }, inactivity_purge_after_days: 7, publishableKey: made.body.clientId },
  })
  const granted = await curl(steps.token, { cli_xxxx: made.body.clientId, sec_xxxx: made.body.clientSecret })
  expect(granted).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 3600 } })
  expect(granted.body.access_token).toMatch(/^ey/)
  const values = { '<access_token>': granted.body.access_token, '<applicationId>': made.body.applicationId }
  const user = await curl(steps.user, values)
  expect(user).toMatchObject({ status: 201, body: { ok: true, data: { external_user_id: 'user_123' } } })
  const changed = await curl(steps.origin, values)
  expect(changed).toMatchObject({
    status: 200,
    body: { data: { allowed_origins: ['https://your-agent-domain.com', 'http://localhost:3000'] } },
  })
  const again = await curl(steps.provision)
  expect(again).toMatchObject({ status: 429, body: { ok: false, error: { code: 'rate_limit_exceeded' } } })
})
