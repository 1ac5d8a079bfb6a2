import { api } from '../api/client.ts'
import { useQuery } from '../api/use-query.ts'
import { Link } from '../router/link.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { SignUp } from './sign-up.tsx'

/** A sign-up that was begun elsewhere, which may be over by now. */
export function BegunSignUp({ id, onSignedIn }: { id: string; onSignedIn: () => void }) {
  const query = useQuery(id, () => api.onboarding.status.query({ id }))
  const isUnknown = query.problem?.code === 'onboarding_not_found'
  const status = isUnknown ? 'expired' : query.data?.status
  if (status === 'pending_data' || status === 'pending_passkey') return <SignUp id={id} onSignedIn={onSignedIn} />
  return (
    <main id="main" className="narrow">
      {isUnknown ? <Over status="expired" /> : <Loaded query={query}>{(data) => <Over status={data.status} />}</Loaded>}
    </main>
  )
}

function Over({ status }: { status: string }) {
  return (
    <Page title={status === 'completed' ? 'This sign-up is complete' : 'This sign-up has expired'}>
      <p>{status === 'completed' ? <Link to="/sign-in">Sign in</Link> : <Link to="/sign-up">Start again</Link>}</p>
    </Page>
  )
}
