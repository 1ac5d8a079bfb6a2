import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestApp, testApp } from '../harness.ts'
import { curl as runCurl } from './curl.ts'

/** The published page's curls for method 2, word for word; only the host and the `abc123...` placeholder are filled in. */
const steps = {
  register: `curl -X POST https://api.trymellonauth.com/api/agents/register \\
-H "Content-Type: application/json" \\
-d '{
"email": "agent@company.com",
"agent_name": "Production Agent"
}'`,
  verify: `curl "https://api.trymellonauth.com/api/agents/verify?token=abc123..."`,
}

let server: TestApp
let base: string
beforeAll(async () => {
  server = await testApp()
  base = await server.app.http.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => server.close())

const curl = (command: string, values?: Record<string, string>) => runCurl(base, command, values)

it('email registration works as printed: from an address to a key that works, without a person', async () => {
  const asked = await curl(steps.register)
  expect(asked).toMatchObject({ status: 200 })
  expect(asked.body).toEqual({
    status: 'verification_sent',
    message: 'If this email is valid, you will receive a verification email. Check your inbox.',
  })
  const [mail] = await server.mails('agent@company.com')
  const [command = '', token = ''] =
    mail?.text.match(/curl "https:\/\/auth\.example\.com\/api\/agents\/verify\?token=(\w+)"/) ?? []
  expect(command).toBe(
    steps.verify.replace('https://api.trymellonauth.com', 'https://auth.example.com').replace('abc123...', token),
  )

  const verified = await curl(steps.verify, { 'abc123...': token })
  expect(verified.status).toBe(200)
  const { status, secret_key, key_preview, setup } = verified.body
  expect([status, key_preview]).toEqual(['verified', `${secret_key.slice(0, 11)}...${secret_key.slice(-4)}`])
  expect(Object.keys(setup)).toEqual(
    expect.arrayContaining(['claude_code', 'codex_cli', 'codex_cli_env', 'gemini_cli', 'gemini_cli_env', 'env_var']),
  )
  const used = await curl(`curl https://api.trymellonauth.com/v1/applications -H "Authorization: Bearer ${secret_key}"`)
  expect(used).toMatchObject({ status: 200, body: { data: { data: [{ name: 'Production Agent' }] } } })

  expect(await curl(steps.verify, { 'abc123...': token })).toMatchObject({
    status: 410,
    body: { ok: false, error: { code: 'token_used' } },
  })
})
