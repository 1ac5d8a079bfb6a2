import { useCallback, useEffect } from 'react'
import { ConfirmAddress } from './address/confirm-address.tsx'
import { WaitingPrograms } from './connect/waiting.tsx'
import { Join } from './join/join.tsx'
import { linkToken } from './router/link-token.ts'
import { navigate, useSegments } from './router/path.ts'
import { Screen } from './screen.tsx'
import { Shell } from './session/shell.tsx'
import { SignedIn } from './session/signed-in.tsx'
import { Waitlist } from './session/waitlist.tsx'
import { useWho } from './session/who.ts'
import { SignIn } from './sign-in/sign-in.tsx'
import { BegunSignUp } from './sign-up/begun-sign-up.tsx'
import { SignUp } from './sign-up/sign-up.tsx'
import { Alert } from './ui/alert.tsx'
import { Loading } from './ui/loaded.tsx'

/** Whoever is signed out sees the sign-in at whatever address, and then what they came for. */
export function App() {
  const [segment, id] = useSegments()
  const isSignUp = segment === 'sign-up'
  const isJoining = segment === 'join'
  // Out of the address bar before anything is asked, also before a sign-in.
  const proof = segment === 'address' ? linkToken() : ''
  const isEntrance = isSignUp || isJoining
  const { who, ask, leave } = useWho(!isEntrance)
  const entered = () => {
    if (isEntrance) navigate('/', { replace: true })
    ask()
  }
  const signedOut = useCallback(() => {
    leave()
    navigate('/sign-in')
  }, [leave])
  useEffect(() => {
    if (who.kind === 'in' && segment === 'sign-in') navigate('/', { replace: true })
  }, [who.kind, segment])

  if (isJoining) return <Join onJoined={entered} />
  if (isSignUp) return id ? <BegunSignUp id={id} onSignedIn={entered} /> : <SignUp onSignedIn={entered} />
  switch (who.kind) {
    case 'asking':
      return (
        <main className="narrow">
          <Loading />
        </main>
      )
    case 'out':
      return <SignIn onSignedIn={entered} hasEnded={who.hasEnded} />
    case 'failed':
      return (
        <main className="narrow">
          <h1>TryMellon</h1>
          <Alert problem={who.problem} />
          <button type="button" onClick={ask}>
            Try again
          </button>
        </main>
      )
    case 'in':
      if (segment === 'address') return <ConfirmAddress token={proof} account={who.account} />
      if (who.account.status === 'waitlisted') return <Waitlist account={who.account} signedOut={signedOut} />
      return (
        <SignedIn account={who.account} signedOut={signedOut}>
          <WaitingPrograms>
            <Shell>
              <Screen />
            </Shell>
          </WaitingPrograms>
        </SignedIn>
      )
  }
}
