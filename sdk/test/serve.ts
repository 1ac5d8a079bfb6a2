import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Seen = { method: string; path: string; headers: IncomingHttpHeaders; body: unknown }
export type Reply = { status: number; headers?: Record<string, string>; body?: unknown }
export type Upstream = { url: string; seen: Seen[]; close(): Promise<void> }

/** A server on a free port that records what it was asked. `body` is JSON, or text as it is. */
export async function serve(handle: (seen: Seen) => Reply | Promise<Reply>): Promise<Upstream> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const entry = {
      method: request.method as string,
      path: request.url as string,
      headers: request.headers,
      body: text ? JSON.parse(text) : undefined,
    }
    seen.push(entry)
    const { status, headers, body } = await handle(entry)
    response.writeHead(status, headers)
    response.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url, seen, close }
}

/** Success in the envelope dialect. */
export const ok = (data: unknown, status = 200): Reply => ({ status, body: { ok: true, data } })

/** Refusal in the envelope dialect. */
export const no = (status: number, code: string, more: Omit<Reply, 'status' | 'body'> = {}): Reply => ({
  ...more,
  status,
  body: { ok: false, error: { code, message: `about ${code}` } },
})
