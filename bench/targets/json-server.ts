import { createServer, type IncomingMessage } from 'node:http'
import { options } from './options.ts'

export type Reply = { status: number; body: unknown }
export type Handler = (method: string, path: string, body: string) => Reply | Promise<Reply>

function readBody(request: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => resolve((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString() ?? ''))
  request.on('error', reject)
  return promise
}

/** Bare `node:http`: JSON in, one serialised buffer out, one `writeHead`; `/ready` answers without the handler. */
export function serve(handle: Handler): void {
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/'
    let reply: Reply
    try {
      const body = request.method === 'GET' ? '' : await readBody(request)
      reply = path === '/ready' ? { status: 200, body: { ok: true } } : await handle(request.method ?? '', path, body)
    } catch (error) {
      console.error(error)
      reply = { status: 500, body: { ok: false } }
    }
    const payload = Buffer.from(JSON.stringify(reply.body))
    response.writeHead(reply.status, { 'content-type': 'application/json', 'content-length': payload.length })
    response.end(payload)
  })
  server.listen(options.port, '127.0.0.1')
}
