import { CONSOLE_CLIENT_ID } from '../src/console/console.ts'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import { type Answer, freshAddress, type TestApp } from './harness.ts'

let mailboxes = 0

export type Invitation = { id: string; token: string; address: string }

function taken(answer: Answer, status: number) {
  if (answer.status !== status) throw new Error(`a step of joining answered ${answer.status}: ${answer.text}`)
  return answer.body?.data
}

/** The token in the last mail to an address. */
export async function tokenTo(server: TestApp, address: string): Promise<string> {
  const mail = (await server.mails(address)).at(-1)
  return mail?.text.match(/\/dashboard\/join#(itk_\w+)/)?.[1] ?? ''
}

/** An invitation from whoever the headers present, with the token as its mail has it. */
export async function invited(
  server: TestApp,
  headers: Record<string, string>,
  role = 'viewer',
  address = `invited${++mailboxes}@example.com`,
): Promise<Invitation> {
  const body = { email: address, role }
  const made = taken(await server.call('POST', '/v1/account/members', { headers, body, ip: freshAddress() }), 201)
  return { id: made.id, token: await tokenTo(server, address), address }
}

const pageOf = (server: TestApp) => ({ origin: server.app.deps.config.PUBLIC_URL, ip: freshAddress() })

/** A session token of the console, of the person with that passkey. */
export async function consoleSignIn(server: TestApp, device: Authenticator): Promise<string> {
  const page = { ...pageOf(server), token: CONSOLE_CLIENT_ID }
  const begun = taken(await server.call('POST', '/v1/passkeys/auth/start', { ...page, body: {} }), 200)
  const credential = device.authenticate(begun.challenge, { origin: page.origin })
  const body = { session_id: begun.session_id, credential }
  return taken(await server.call('POST', '/v1/passkeys/auth/finish', { ...page, body }), 200).session_token
}

/** The same of somebody who is invited and makes a passkey on the page. */
export async function invitedSignUp(server: TestApp, token: string, device: Authenticator): Promise<string> {
  const page = pageOf(server)
  const begun = taken(await server.call('POST', '/v1/invitations/sign-up', { ...page, body: { token } }), 200)
  const body = { session_id: begun.session_id, credential: device.register(begun.challenge, { origin: page.origin }) }
  const finish = { ...page, token: CONSOLE_CLIENT_ID, body }
  return taken(await server.call('POST', '/v1/passkeys/register/finish', finish), 200).session_token
}

export const accept = (server: TestApp, token: string, session_token: string): Promise<Answer> =>
  server.call('POST', '/v1/invitations/accept', { ...pageOf(server), body: { token, session_token } })

export type Joined = { device: Authenticator; headers: { cookie: string; origin: string }; personId: string }

/** Headers of the dashboard session that an answer opened, and whose it is. */
export async function entered(server: TestApp, answer: Answer, device: Authenticator): Promise<Joined> {
  taken(answer, 204)
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
  const headers = { cookie, origin: server.app.deps.config.PUBLIC_URL }
  const account = taken(await server.call('GET', '/v1/account', { headers, ip: freshAddress() }), 200)
  return { device, headers, personId: account.user_id }
}

/** A person with a new passkey who followed an invitation. */
export async function joins(server: TestApp, { token }: Pick<Invitation, 'token'>): Promise<Joined> {
  const device = createAuthenticator()
  return entered(server, await accept(server, token, await invitedSignUp(server, token, device)), device)
}
