import { authenticate, type Passkey, type Site } from './authenticator.ts'
import type { Answer } from './connection.ts'
import { CONNECTIONS, type Work } from './load.ts'

export const SITE: Site = { rpId: 'bench.example', origin: 'https://bench.example' }
export const USERS = 1000

const JSON_TYPE = 'content-type: application/json\r\n'
const ORIGIN = `origin: ${SITE.origin}\r\n`

/** The parsed body of an answer with the wanted status. @throws on any other */
export function body<T>(answer: Answer, status: number): T {
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.body.slice(0, 300)}`)
  return JSON.parse(answer.body) as T
}

function expect(right: boolean, answer: Answer): void {
  if (!right) throw new Error(`unexpected body: ${answer.body.slice(0, 300)}`)
}

/** Each worker goes through passkeys of its own, so that no counter is overtaken. */
function turns(passkeys: Passkey[]): (worker: number) => Passkey {
  const turn = new Array<number>(CONNECTIONS).fill(0)
  const each = Math.floor(passkeys.length / CONNECTIONS)
  return (worker) => {
    const at = turn[worker] ?? 0
    turn[worker] = (at + 1) % each
    return passkeys[worker * each + at] as Passkey
  }
}

type Started = { data: { session_id: string; challenge: { challenge: string; rpId: string } } }
type Finished = { data: { authenticated: boolean; session_token: string; user: { user_id: string } } }

/** Discoverable sign-in in two calls, as the product answers it and the floor imitates it. */
export function signIn(passkeys: Passkey[], publishableKey: string): Work {
  const next = turns(passkeys)
  const head = `authorization: Bearer ${publishableKey}\r\n${ORIGIN}${JSON_TYPE}`
  return async (connection, worker) => {
    const started = body<Started>(await connection.request('POST', '/v1/passkeys/auth/start', head, '{}'), 200).data
    const credential = authenticate(next(worker), started.challenge.challenge, SITE)
    const sent = JSON.stringify({ session_id: started.session_id, credential })
    const answer = await connection.request('POST', '/v1/passkeys/auth/finish', head, sent)
    const { data } = body<Finished>(answer, 200)
    expect(data.authenticated && data.session_token.split('.').length === 3 && data.user.user_id !== '', answer)
  }
}

/** The same of better-auth: options by GET with a challenge cookie, verification with that cookie. */
export function signInBetterAuth(passkeys: Passkey[]): Work {
  const next = turns(passkeys)
  return async (connection, worker) => {
    const options = await connection.request('GET', '/api/auth/passkey/generate-authenticate-options', ORIGIN)
    const { challenge } = body<{ challenge: string }>(options, 200)
    const cookie = /\r\nset-cookie: *([^;]+)/i.exec(options.head)?.[1]
    const response = authenticate(next(worker), challenge, SITE)
    const head = `${ORIGIN}${JSON_TYPE}cookie: ${cookie}\r\n`
    const answer = await connection.request(
      'POST',
      '/api/auth/passkey/verify-authentication',
      head,
      JSON.stringify({ response }),
    )
    const { session, user } = body<{ session: { token: string }; user: { id: string } }>(answer, 200)
    expect(session.token.length > 20 && user.id !== '', answer)
  }
}

/** client_credentials with Basic authentication; every token's protected header must say ES256 (RFC 6749 §4.4). */
export function clientCredentials(path: string, clientId: string, secret: string, scope: string): Work {
  const basic = Buffer.from(`${clientId}:${secret}`).toString('base64')
  const head = `authorization: Basic ${basic}\r\ncontent-type: application/x-www-form-urlencoded\r\n`
  const sent = `grant_type=client_credentials&scope=${encodeURIComponent(scope)}`
  return async (connection) => {
    const answer = await connection.request('POST', path, head, sent)
    const token = body<{ access_token: string; expires_in: number }>(answer, 200)
    const parts = token.access_token.split('.')
    const protectedHeader = Buffer.from(parts[0] ?? '', 'base64url').toString()
    expect(parts.length === 3 && protectedHeader.includes('"ES256"') && token.expires_in === 3600, answer)
  }
}

export const seededUser = (number: number) => `bench-user-${number}`

type User = { data: { external_user_id: string; status: string } }

/** Reads one of the thousand seeded users, in turn. */
export function readUser(bearer: string): Work {
  const head = `authorization: Bearer ${bearer}\r\n`
  let turn = 0
  return async (connection) => {
    const name = seededUser(turn++ % USERS)
    const answer = await connection.request('GET', `/v1/users/${name}`, head)
    const { data } = body<User>(answer, 200)
    expect(data.external_user_id === name && data.status === 'active', answer)
  }
}

/** Creates one user after another under names that were never used before. */
export function createUser(bearer: string, name = fresh): Work {
  const head = `authorization: Bearer ${bearer}\r\n${JSON_TYPE}`
  return async (connection) => {
    const external_user_id = name()
    const answer = await connection.request('POST', '/v1/users', head, JSON.stringify({ external_user_id }))
    expect(body<User>(answer, 201).data.external_user_id === external_user_id, answer)
  }
}

let made = 0
const fresh = () => `bench-new-${process.pid}-${made++}`

/** One turn of JSON in and out. */
export const echo: Work = async (connection) => {
  const answer = await connection.request('POST', '/', JSON_TYPE, '{"external_user_id":"bench-user-1"}')
  expect(body<{ ok: boolean }>(answer, 200).ok, answer)
}
