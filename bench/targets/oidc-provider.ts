import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'
import { CLIENT_ID, CLIENT_SECRET, RESOURCE, SCOPE } from '../token-client.ts'
import { options } from './options.ts'

/* oidc-provider with its in-memory adapter: client_credentials for one resource, ES256 JWT access tokens. */

const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const provider = new Provider(`http://127.0.0.1:${options.port}`, {
  jwks: { keys: [{ ...jwk, kid: 'bench', use: 'sig', alg: 'ES256' }] },
  cookies: { keys: ['benchmark-only'] },
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'ES256',
    },
  ],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: SCOPE,
        audience: RESOURCE,
        accessTokenTTL: 3600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})

const handle = provider.callback()
createServer((request, response) => {
  if (request.url === '/ready') response.writeHead(200, { 'content-length': 0 }).end()
  else void handle(request, response)
}).listen(options.port, '127.0.0.1')
