import { fromMillis, systemClock } from '../src/platform/time.ts'
import { type TestApp, type TestClock, testApp } from './harness.ts'
import { freePort } from './ports.ts'

/** The system's clock, by which clients date what they sign, and as far ahead of it as a test has moved it. */
function runningClock(): TestClock {
  let ahead = 0
  return Object.assign(() => fromMillis(systemClock().getTime() + ahead), {
    advance(seconds: number) {
      ahead += seconds * 1000
    },
  })
}

/**
 * A server whose `PUBLIC_URL` is where it really listens and whose clock runs, for clients that compare the two.
 * @param path of `PUBLIC_URL`, such as `/t1`
 */
export async function liveServer(
  settings: Record<string, string> = {},
  parts: Parameters<typeof testApp>[1] = {},
  path = '',
): Promise<{ server: TestApp; issuer: URL }> {
  const port = await freePort()
  const issuer = new URL(`http://localhost:${port}${path}`)
  const server = await testApp({ PUBLIC_URL: issuer.origin + path, ...settings }, { clock: runningClock(), ...parts })
  await server.app.http.listen({ port, host: 'localhost' })
  return { server, issuer }
}
