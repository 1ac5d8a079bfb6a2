import { generateKeyPairSync } from 'node:crypto'
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import { type Answer, freshAddress, type Tenant, type TestApp } from './harness.ts'

export type OAuthRequest = {
  /** Form by default; an object is encoded. */
  form?: Record<string, string> | string
  json?: unknown
  basic?: readonly [id: string, secret: string]
  bearer?: string
  headers?: Record<string, string>
  query?: string
  ip?: string
}

/** One POST as an OAuth client sends it, from an address of its own. */
export function oauthPost(server: TestApp, path: string, request: OAuthRequest): Promise<Answer> {
  const { form, json, basic, bearer, ip = freshAddress(), query = '' } = request
  const headers: Record<string, string> = {
    ...(basic ? { authorization: `Basic ${Buffer.from(basic.join(':')).toString('base64')}` } : {}),
    ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
    ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    ...request.headers,
  }
  const body = form === undefined ? json : typeof form === 'string' ? form : new URLSearchParams(form).toString()
  return server.call('POST', `${path}${query}`, { headers, ip, ...(body === undefined ? {} : { body }) })
}

export const basicOf = ({ clientId, clientSecret }: Pick<Tenant, 'clientId' | 'clientSecret'>) =>
  [clientId, clientSecret] as const

/** An access token of a tenant's client. */
export async function tokenOf(server: TestApp, tenant: Tenant, form: Record<string, string> = {}): Promise<string> {
  const asked = { grant_type: 'client_credentials', ...form }
  const answer = await oauthPost(server, '/oauth/token', { basic: basicOf(tenant), form: asked })
  if (answer.status !== 200) throw new Error(`the token endpoint answered ${answer.status}: ${answer.text}`)
  return answer.body.access_token
}

export type Signer = ReturnType<typeof signer>

/** A client's key pair with its public half as it is registered. */
export function signer(alg: 'ES256' | 'RS256' | 'EdDSA', kid?: string) {
  const pair =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : alg === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519')
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), ...(kid ? { kid } : {}) } as Record<string, string>
  return {
    jwk,
    privateKey: pair.privateKey,
    publicKey: pair.publicKey,
    sign: (claims: JWTPayload, header: Partial<JWTHeaderParameters> = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, ...(kid ? { kid } : {}), ...header }).sign(pair.privateKey),
  }
}

let assertions = 0

/** The claims of a good assertion of `clientId` at this server's time. */
export function assertionClaims(server: TestApp, clientId: string): JWTPayload {
  const now = Math.floor(server.clock().getTime() / 1000)
  assertions += 1
  const aud = server.app.deps.config.PUBLIC_URL
  return { iss: clientId, sub: clientId, aud, jti: `assertion-${assertions}`, iat: now, exp: now + 60 }
}

export const assertionForm = (client_assertion: string) => ({
  grant_type: 'client_credentials',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion,
})

/** Registers public keys for the tenant's application. */
export async function registerKeys(server: TestApp, tenant: Tenant, ...keys: Signer[]): Promise<void> {
  const body = { client_jwks: keys.map(({ jwk }) => jwk) }
  const answer = await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, { token: tenant.token, body })
  if (answer.status !== 200) throw new Error(`registering keys answered ${answer.status}: ${answer.text}`)
}
