import { type ReactNode, useMemo, useState } from 'react'
import { chooseApplication, chosenApplication } from '../api/chosen.ts'
import { useQuery } from '../api/use-query.ts'
import { Loaded } from '../ui/loaded.tsx'
import { everyApplication } from './every-application.ts'
import { type Account, type Session, SessionContext } from './session.tsx'

type Props = { account: Account; signedOut: () => void; children: ReactNode }

/** Gives the screens the account and its applications, of which one is chosen: the one of last time, else the first. */
export function SignedIn({ account, signedOut, children }: Props) {
  const query = useQuery('applications', everyApplication)
  const [chosen, setChosen] = useState(chosenApplication)
  const applications = query.data
  const session = useMemo<Session | null>(() => {
    if (!applications) return null
    const application = applications.find(({ id }) => id === chosen) ?? applications[0]
    chooseApplication(application?.id ?? null)
    const choose = (id: string) => {
      chooseApplication(id)
      setChosen(id)
    }
    const canChange = account.role !== 'viewer'
    return { account, applications, application, choose, reload: query.reload, canChange, signedOut }
  }, [account, applications, chosen, query.reload, signedOut])
  return (
    <Loaded query={query}>
      {() => (session ? <SessionContext value={session}>{children}</SessionContext> : null)}
    </Loaded>
  )
}
