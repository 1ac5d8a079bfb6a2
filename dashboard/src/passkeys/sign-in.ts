import { api, asConsole } from '../api/client.ts'
import { provePasskey } from './assert.ts'

/** Exchanges a session token of the console for the dashboard's cookie; the token is used up, and kept nowhere. */
export const openSession = (session_token: string) => api.dashboard.session.open.mutate({ session_token })

type Ask = { mediation?: 'conditional'; signal?: AbortSignal }

/** Has the person prove who they are, with whichever passkey they pick. @returns a session token of the console */
export async function proveWho(ask: Ask = {}): Promise<string> {
  const mediation = ask.mediation ? { mediation: ask.mediation } : {}
  const { session_id, challenge } = await api.passkeys.auth.start.mutate(mediation, asConsole)
  const credential = await provePasskey(challenge, ask)
  const { session_token } = await api.passkeys.auth.finish.mutate({ session_id, credential }, asConsole)
  return session_token
}

/** Signs the person in. */
export const signIn = async (ask: Ask = {}): Promise<void> => openSession(await proveWho(ask))
