import { type TestApp, testApp } from './harness.ts'
import { freePort } from './ports.ts'

/**
 * A server whose `PUBLIC_URL` is where it really listens, for clients that compare the two.
 * @param path of `PUBLIC_URL`, such as `/t1`
 */
export async function liveServer(
  settings: Record<string, string> = {},
  parts: Parameters<typeof testApp>[1] = {},
  path = '',
): Promise<{ server: TestApp; issuer: URL }> {
  const port = await freePort()
  const issuer = new URL(`http://localhost:${port}${path}`)
  const server = await testApp({ PUBLIC_URL: issuer.origin + path, ...settings }, parts)
  await server.app.http.listen({ port, host: 'localhost' })
  return { server, issuer }
}
