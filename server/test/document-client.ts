import type { JWTHeaderParameters, JWTPayload } from 'jose'
import type { TestApp } from './harness.ts'
import type { HttpsHost } from './https-host.ts'
import { callback } from './oauth-client.ts'
import { assertionClaims, assertionForm, type Signer, signer } from './oauth-requests.ts'

export type DocumentClient = {
  /** The URL of its metadata document, which is its id. */
  id: string
  secret: null
  /** Where its keys are, with `jwks_uri`. */
  keysUrl: string
  /** The keys that the host serves from now on; a status instead: that failure. */
  serve(keys: unknown | number): void
  /** How often its keys were fetched. */
  fetches(): number
  /** The parameters of a good assertion, or of one with other claims or another header. */
  assertion(
    server: TestApp,
    change?: { claims?: JWTPayload; header?: Partial<JWTHeaderParameters>; by?: Signer },
  ): Promise<{ client_assertion_type: string; client_assertion: string }>
}

let count = 0

/** A client of a metadata document that signs assertions, served from the given host. */
export function documentClient(
  host: HttpsHost,
  own: Signer,
  { inline = false, ...metadata }: { inline?: boolean } & Record<string, unknown> = {},
): DocumentClient {
  count += 1
  const id = `${host.origin}/clients/${count}`
  const keysUrl = `${id}/keys`
  const set = { keys: [own.jwk] }
  let keys: unknown = set
  let fetches = 0
  const document = {
    client_id: id,
    client_name: 'A client with keys',
    redirect_uris: [callback],
    token_endpoint_auth_method: 'private_key_jwt',
    ...(inline ? {} : { jwks_uri: keysUrl }),
    ...metadata,
  }
  host.answer((request, response) => {
    const isKeys = request.url === new URL(keysUrl).pathname
    if (isKeys) fetches += 1
    const body = isKeys ? keys : inline && typeof keys !== 'number' ? { jwks: keys, ...document } : document
    if (typeof body === 'number') return void response.writeHead(body).end()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  return {
    id,
    secret: null,
    keysUrl,
    serve: (next) => {
      keys = next
    },
    fetches: () => fetches,
    async assertion(server, { claims, header, by = own } = {}) {
      const signed = await by.sign({ ...assertionClaims(server, id), ...claims }, header)
      const { grant_type: _, ...parameters } = assertionForm(signed)
      return parameters
    },
  }
}

/** Such a client for programs of other people: with the private key as they hold it. */
export async function signingClient(host: HttpsHost, options: Parameters<typeof documentClient>[2] = {}) {
  const pair = signer('ES256', 'one')
  const pkcs8 = new Uint8Array(pair.privateKey.export({ type: 'pkcs8', format: 'der' }))
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
  return { id: documentClient(host, pair, options).id, key: { key, kid: 'one' } }
}
