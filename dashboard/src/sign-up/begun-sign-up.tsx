import { api } from '../api/client.ts'
import { useQuery } from '../api/use-query.ts'
import { Link } from '../router/link.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { SignUp, StartAgain } from './sign-up.tsx'

/** A sign-up that was begun elsewhere, which may be over by now. */
export function BegunSignUp({ id, onSignedIn }: { id: string; onSignedIn: () => void }) {
  const query = useQuery(id, () => api.onboarding.page.query({ id }))
  const isUnknown = query.problem?.code === 'onboarding_not_found'
  const { status, user_role, prefill, refresh_url } = query.data ?? {}
  if (user_role === 'maintainer' && (status === 'pending_data' || status === 'pending_passkey')) {
    return (
      <SignUp
        id={id}
        onSignedIn={onSignedIn}
        {...(prefill ? { prefill } : {})}
        {...(refresh_url === undefined ? {} : { refreshUrl: refresh_url })}
      />
    )
  }
  return (
    <main id="main" className="narrow">
      {isUnknown ? (
        <Over status="expired" />
      ) : (
        <Loaded query={query}>{({ status, refresh_url }) => <Over status={status} refreshUrl={refresh_url} />}</Loaded>
      )}
    </main>
  )
}

function Over({ status, refreshUrl }: { status: string; refreshUrl?: string | undefined }) {
  return (
    <Page title={status === 'completed' ? 'This sign-up is complete' : 'This sign-up has expired'}>
      <p>{status === 'completed' ? <Link to="/sign-in">Sign in</Link> : <StartAgain url={refreshUrl} />}</p>
    </Page>
  )
}
