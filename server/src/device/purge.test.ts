import { afterAll, beforeAll, expect, it } from 'vitest'
import { askForCode, pollWith } from '../../test/device-flow.ts'
import { type TestApp, testApp } from '../../test/harness.ts'
import { jobs } from '../jobs.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

it('a code is known for an hour after its end, then deleted', async () => {
  const { device_code } = await askForCode(server)
  const run = () => jobs['expired-device-requests'].run(server.app.deps)
  server.clock.advance(900 + 3599)
  await run()
  expect((await pollWith(server, device_code)).body.error).toBe('expired_token')
  server.clock.advance(1)
  expect(await run()).toBe(1)
  expect((await pollWith(server, device_code)).body.error).toBe('invalid_grant')
})
