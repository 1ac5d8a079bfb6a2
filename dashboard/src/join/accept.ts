import { chooseApplication } from '../api/chosen.ts'
import { api, asConsole } from '../api/client.ts'
import { makePasskey } from '../passkeys/register.ts'

/** A first passkey for whom the invitation is. @returns a session token of the console */
export async function firstPasskey(token: string): Promise<string> {
  const { session_id, challenge } = await api.invitations.sign_up.mutate({ token })
  const credential = await makePasskey(challenge)
  const { session_token } = await api.passkeys.register.finish.mutate({ session_id, credential }, asConsole)
  return session_token
}

/** Joins the account, with the dashboard's cookie for it; the session token is used up. */
export async function accept(token: string, session_token: string): Promise<void> {
  await api.invitations.accept.mutate({ token, session_token })
  // What was chosen belongs to another account.
  chooseApplication(null)
}
