import { type TestApp, testApp } from './harness.ts'
import { freePort } from './ports.ts'

/** A server whose `PUBLIC_URL` is where it really listens, for clients that compare the two. */
export async function liveServer(
  settings: Record<string, string> = {},
  parts: Parameters<typeof testApp>[1] = {},
): Promise<{ server: TestApp; issuer: URL }> {
  const port = await freePort()
  const issuer = new URL(`http://localhost:${port}`)
  const server = await testApp({ PUBLIC_URL: issuer.origin, ...settings }, parts)
  await server.app.http.listen({ port, host: 'localhost' })
  return { server, issuer }
}
