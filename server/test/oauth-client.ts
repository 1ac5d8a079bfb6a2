import { createHash, randomBytes } from 'node:crypto'
import type { Answer, TestApp } from './harness.ts'
import { freshAddress } from './harness.ts'
import type { PersonAt } from './people.ts'

export const callback = 'https://client.example.com/callback'

/** A verifier and its challenge (RFC 7636). */
export function pkce() {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export type Registered = { id: string; secret: string | null }

/** A client of its own for the test, registered as programs do. */
export async function registerClient(server: TestApp, metadata: object = {}): Promise<Registered> {
  const body = {
    redirect_uris: [callback],
    token_endpoint_auth_method: 'none',
    client_name: 'Test client',
    ...metadata,
  }
  const made = await server.call('POST', '/oauth/register', { body, ip: freshAddress() })
  if (made.status !== 201) throw new Error(`registration answered ${made.status}: ${made.text}`)
  return { id: made.body.client_id, secret: made.body.client_secret ?? null }
}

export type Asked = Record<string, string | undefined>

/** The parameters of an authorization request. */
export const request = (client: Registered, challenge: string, change: Asked = {}): Record<string, string> => {
  const all: Asked = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: callback,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'xyz',
    scope: 'users:read offline_access',
    ...change,
  }
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** What the consent page does when the person allows: shows, proves with the passkey, allows. */
export async function allow(
  server: TestApp,
  person: PersonAt,
  asked: Record<string, string>,
  change: { csrf_token?: string | null; purpose?: Record<string, string>; body?: object; origin?: string } = {},
): Promise<Answer> {
  const headers = { ...person.headers, ...(change.origin ? { origin: change.origin } : {}) }
  const post = (path: string, body: object) => server.call('POST', `/v1/oauth/authorization/${path}`, { body, headers })
  const shown = await post('request', asked)
  const started = await post('challenge', change.purpose ?? asked)
  const proof = started.body.data
    ? {
        session_id: started.body.data.session_id,
        credential: person.device.authenticate(started.body.data.challenge, { origin: person.headers.origin }),
      }
    : {}
  const csrf_token = change.csrf_token === undefined ? shown.body.data?.csrf_token : (change.csrf_token ?? undefined)
  return post('allow', { ...asked, csrf_token, ...proof, ...change.body })
}

export const queryOf = (url: string) => Object.fromEntries(new URL(url).searchParams)

/** A code, from the whole flow. */
export async function codeFor(server: TestApp, person: PersonAt, client: Registered, change: Asked = {}) {
  const { verifier, challenge } = pkce()
  const allowed = await allow(server, person, request(client, challenge, change))
  if (allowed.status !== 200) throw new Error(`allow answered ${allowed.status}: ${allowed.text}`)
  return { code: queryOf(allowed.body.data.redirect_to).code as string, verifier }
}

/** The token request for a code. */
export const redeem = (
  server: TestApp,
  client: Registered,
  { code, verifier }: { code: string; verifier: string },
  change: Asked = {},
): Promise<Answer> => {
  const body: Asked = {
    grant_type: 'authorization_code',
    client_id: client.id,
    code,
    code_verifier: verifier,
    redirect_uri: callback,
    ...change,
  }
  return server.call('POST', '/oauth/token', { body, ip: freshAddress() })
}

export const refresh = (server: TestApp, client: Registered, token: string, change: Asked = {}): Promise<Answer> =>
  server.call('POST', '/oauth/token', {
    body: { grant_type: 'refresh_token', client_id: client.id, refresh_token: token, ...change },
    ip: freshAddress(),
  })
