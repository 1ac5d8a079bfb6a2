import type { LookupAddress } from 'node:dns'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createOutbound, type Outbound } from '../src/platform/outbound.ts'
import { der, derExtension, derSequence, issueCertificate } from './certificates.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

export type HttpsHost = {
  /** `https://client.example.com:PORT` */
  origin: string
  /** Requests that arrived. */
  count: number
  /** What is answered from now on. */
  answer(handler: Handler): void
  /** Fetches with a resolver that knows every name as this host. */
  outbound: Outbound
  close(): Promise<void>
}

type Found = (error: Error | null, addresses: LookupAddress[]) => void

/** A resolver that answers with the next of the given lists of addresses; the last one again and again. */
export function resolverOf(...answers: string[][]) {
  let asked = 0
  return ((_host: string, _options: unknown, callback: Found) => {
    const list = answers[Math.min(asked, answers.length - 1)] ?? []
    asked += 1
    callback(
      null,
      list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }) as never
}

/** A host on the loop-back interface with a certificate for `client.example.com` that only `outbound` trusts. */
export async function httpsHost(): Promise<HttpsHost> {
  const name = der(0x82, Buffer.from('client.example.com'))
  const extensions = [derExtension('2.5.29.17', derSequence(name))]
  const { pem, privateKey } = issueCertificate({ ca: true, extensions, subject: [['2.5.4.3', 'client.example.com']] })
  let handler: Handler = (_request, response) => void response.writeHead(404).end()
  const server = createServer(
    { cert: pem, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) },
    (request, response) => {
      host.count += 1
      handler(request, response)
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host: HttpsHost = {
    origin: `https://client.example.com:${port}`,
    count: 0,
    answer: (next) => {
      handler = next
    },
    outbound: createOutbound({ ca: pem, lookup: resolverOf(['127.0.0.1']), allows: () => true }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return host
}
