import type { Mutation } from './authenticator.ts'
import { type Answer, freshAddress, type TestApp } from './harness.ts'
import type { PersonAt } from './people.ts'

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

export type Codes = { device_code: string; user_code: string; verification_uri_complete: string; qr_code: string }

type Server = Pick<TestApp, 'call'>

export const form = (body: Record<string, string>) => ({
  body: new URLSearchParams(body).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
})

/** Asks for a code, from an address of its own. */
export async function askForCode(
  server: Server,
  body: object = {},
  { ip = freshAddress(), headers = {} }: { ip?: string; headers?: Record<string, string> } = {},
): Promise<Codes> {
  const answer = await server.call('POST', '/device/code', { body, ip, headers })
  if (answer.status !== 200) throw new Error(`/device/code answered ${answer.status}: ${answer.text}`)
  return answer.body
}

export const pollWith = (
  server: Server,
  device_code: string,
  { ip = freshAddress(), path = '/device/token', ...more }: Record<string, string> = {},
): Promise<Answer> => server.call('POST', path, { body: { grant_type: DEVICE_GRANT, device_code, ...more }, ip })

/** What a person's browser does on the approval page, step by step. */
export function approvalPage(server: Server, person: PersonAt, ip = freshAddress()) {
  const post = (path: string, body: object, headers: Record<string, string> = person.headers) =>
    server.call('POST', path, { body, headers, ip })
  const { origin } = person.headers
  return {
    post,
    look: (user_code: string) => post('/v1/device/request', { user_code }),
    async csrf(user_code: string): Promise<string> {
      const shown = await post('/v1/device/request', { user_code })
      if (shown.status !== 200) throw new Error(`/v1/device/request answered ${shown.status}: ${shown.text}`)
      return shown.body.data.csrf_token
    },
    /** A proof for the request behind the code. */
    async prove(user_code: string, mutate?: Mutation): Promise<{ session_id: string; credential: unknown }> {
      const started = await post('/v1/device/challenge', { user_code })
      if (started.status !== 200) throw new Error(`/v1/device/challenge answered ${started.status}: ${started.text}`)
      const { session_id, challenge } = started.body.data
      return {
        session_id,
        credential: person.device.authenticate(challenge, { origin, ...(mutate ? { mutate } : {}) }),
      }
    },
    async approve(user_code: string, choice: object = {}): Promise<Answer> {
      const csrf_token = await this.csrf(user_code)
      const proof = await this.prove(user_code)
      return post('/device/approve', { user_code, csrf_token, ...proof, ...choice })
    },
    async deny(user_code: string): Promise<Answer> {
      return post('/device/deny', { user_code, csrf_token: await this.csrf(user_code) })
    },
  }
}

/** A whole run: asked for, approved, redeemed. */
export async function approved(server: Server, person: PersonAt, body: object = {}, choice: object = {}) {
  const codes = await askForCode(server, body)
  const answer = await approvalPage(server, person).approve(codes.user_code, choice)
  if (answer.status !== 200) throw new Error(`/device/approve answered ${answer.status}: ${answer.text}`)
  return codes
}
