import { api } from '../api/client.ts'
import { makePasskey } from '../passkeys/register.ts'
import { openSession } from '../passkeys/sign-in.ts'

/** Begins a sign-up, where the person did not come with one. */
export async function beginSignUp(): Promise<string> {
  const { session_id } = await api.onboarding.start.mutate({ user_role: 'maintainer' })
  return session_id
}

/**
 * Who it is, then a passkey, then the account, then the dashboard's cookie.
 * @returns where the person is sent next, if whoever began the sign-up said so
 */
export async function signUp(id: string, who: { company_name: string; email: string }): Promise<string | undefined> {
  const { ceremony_id, challenge } = await api.onboarding.data.mutate({ id, ...who })
  const credential = await makePasskey(challenge)
  await api.onboarding.register_passkey.mutate({ id, ceremony_id, credential })
  const { session_token, return_url } = await api.onboarding.complete.mutate({ id })
  await openSession(session_token)
  return return_url
}
