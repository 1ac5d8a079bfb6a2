import { useRef, useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { useQuery } from '../api/use-query.ts'
import { proveWho } from '../passkeys/sign-in.ts'
import { Link } from '../router/link.tsx'
import { linkToken } from '../router/link-token.ts'
import { Alert } from '../ui/alert.tsx'
import { Facts } from '../ui/facts.tsx'
import { Loading } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { Time } from '../ui/time.tsx'
import { accept, firstPasskey } from './accept.ts'

/** The page behind the link of an invitation: what it says, and joining with a passkey, an old one or a new one. */
export function Join({ onJoined }: { onJoined: () => void }) {
  const [token] = useState(linkToken)
  const query = useQuery(token, () => api.invitations.show.mutate({ token }))
  return (
    <main id="main" className="narrow">
      {query.data ? (
        <Page title={`Join ${query.data.account_name || 'an account'}`} lead="You are invited to an account.">
          <Facts
            rows={[
              ['Account', query.data.account_name || '–'],
              ['Invited', query.data.email],
              ['Your role', query.data.role],
              ['Good until', <Time key="until" at={query.data.expires_at} />],
            ]}
          />
          <Answer token={token} email={query.data.email} onJoined={onJoined} />
        </Page>
      ) : query.problem ? (
        <Page title="This invitation cannot be used">
          <Alert problem={query.problem} />
          <p>
            <Link to="/sign-in">Sign in</Link>
          </p>
        </Page>
      ) : (
        <Loading />
      )}
    </main>
  )
}

function Answer({ token, email, onJoined }: { token: string; email: string; onJoined: () => void }) {
  // The first passkey is made once, also when joining fails after it.
  const made = useRef<string>(undefined)
  const { isBusy, problem, run } = useAction(async (prove: () => Promise<string>) => {
    await accept(token, await prove())
    onJoined()
  })
  const create = async () => {
    made.current ??= await firstPasskey(token)
    return made.current
  }
  return (
    <>
      <p>
        Go on only if <strong>{email}</strong> is your address and you know who invited you.
      </p>
      <Alert problem={problem} />
      <div className="actions">
        <button type="button" aria-disabled={isBusy} onClick={() => void run(create)}>
          Create a passkey and join
        </button>
        <button type="button" className="second" aria-disabled={isBusy} onClick={() => void run(proveWho)}>
          Join with a passkey I have
        </button>
      </div>
    </>
  )
}
