import { createContext, use } from 'react'
import type { api } from '../api/client.ts'

export type Account = Awaited<ReturnType<typeof api.account.get.query>>
export type Application = Awaited<ReturnType<typeof api.applications.list.query>>['data'][number]

export type Session = {
  account: Account
  applications: readonly Application[]
  /** The application that users, audit log and usage are shown of. */
  application: Application | undefined
  choose: (id: string) => void
  /** Reads the applications anew, after a change. */
  reload: () => void
  /** Whether the person's role lets them change anything. */
  canChange: boolean
  signedOut: () => void
}

export const SessionContext = createContext<Session | null>(null)

/** The signed-in person's account; only below `SignedIn`. */
export function useSession(): Session {
  const session = use(SessionContext)
  if (!session) throw new Error('nobody is signed in here')
  return session
}
