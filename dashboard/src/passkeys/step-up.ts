import { api } from '../api/client.ts'
import { provePasskey } from './assert.ts'

/** Confirms one sensitive change with a passkey: the proof is good for this purpose, once, for five minutes. */
export async function confirmWithPasskey(purpose: string) {
  const { session_id, challenge } = await api.dashboard.step_up.mutate({ purpose })
  return { session_id, credential: await provePasskey(challenge) }
}
