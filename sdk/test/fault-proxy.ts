import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What happens to one request on its way. */
export type Fault =
  /** Goes through. */
  | { kind: 'pass' }
  /** The connection closes; the upstream hears nothing. */
  | { kind: 'drop' }
  /** The upstream answers in full, so it has committed; then the connection closes without an answer. */
  | { kind: 'cut' }
  /** As `cut`, but the head and half of the body arrive. */
  | { kind: 'truncate' }
  /** The upstream hears nothing and the request is never answered. */
  | { kind: 'hang' }
  /** Goes through once the promise is settled. */
  | { kind: 'delay'; until: Promise<unknown> }
  /** Answered here; the upstream hears nothing. */
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: string }

export type Passed = { method: string; path: string; headers: IncomingMessage['headers']; fault: Fault['kind'] }

export type FaultProxy = {
  url: string
  /** Every request in the order of arrival. */
  seen: Passed[]
  /** The faults of the next requests, one each; after them everything passes. */
  next(...faults: Fault[]): void
  /** Resolves when so many requests have arrived since the start. */
  arrived(count: number): Promise<void>
  close(): Promise<void>
}

type Answer = { status: number; headers: IncomingMessage['headers']; body: Buffer }

/** An HTTP proxy in front of `upstream` (an `http://` origin) that fails on command. */
export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const faults: Fault[] = []
  const seen: Passed[] = []
  let waiting: { count: number; resolve: () => void }[] = []

  const server = createServer(async (request, response) => {
    const body = await bytesOf(request).catch(() => undefined)
    if (!body) return response.destroy()
    const fault = faults.shift() ?? { kind: 'pass' }
    seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, fault: fault.kind })
    for (const { count, resolve } of waiting) if (seen.length >= count) resolve()
    waiting = waiting.filter(({ count }) => seen.length < count)
    await perform(fault, response, () => forward(upstream, request, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    next: (...more) => void faults.push(...more),
    arrived: (count) =>
      new Promise((resolve) => {
        if (seen.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function perform(fault: Fault, response: ServerResponse, ask: () => Promise<Answer>): Promise<void> {
  switch (fault.kind) {
    case 'hang':
      return
    case 'drop':
      response.destroy()
      return
    case 'answer':
      response.writeHead(fault.status, fault.headers).end(fault.body)
      return
    case 'delay':
      await fault.until
      break
  }
  try {
    const answer = await ask()
    if (fault.kind === 'cut') response.destroy()
    else if (fault.kind === 'truncate') truncated(response, answer)
    else response.writeHead(answer.status, answer.headers).end(answer.body)
  } catch {
    response.destroy()
  }
}

/** The length is announced as it was, so that the client knows that something is missing. */
function truncated(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.write(body.subarray(0, body.length / 2), () => response.destroy())
}

function forward(upstream: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...request.headers, host: new URL(upstream).host, connection: 'close' }
    const forwarded = httpRequest(upstream + request.url, { method: request.method, headers }, async (answer) => {
      // Whole now, so its length is known and no chunks are needed.
      const { 'transfer-encoding': _, connection: __, ...kept } = answer.headers
      resolve({ status: answer.statusCode ?? 502, headers: kept, body: await bytesOf(answer) })
    })
    forwarded.on('error', reject)
    forwarded.end(body)
  })
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
