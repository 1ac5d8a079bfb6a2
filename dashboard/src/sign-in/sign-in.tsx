import { useAction } from '../api/use-action.ts'
import { signIn } from '../passkeys/sign-in.ts'
import { Link } from '../router/link.tsx'
import { Alert } from '../ui/alert.tsx'
import { Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { Page } from '../ui/page.tsx'
import { Submit } from '../ui/submit.tsx'
import { useAutofill } from './autofill.ts'

/** Signing in with a passkey: from the browser's own list, or by the button. */
export function SignIn({ onSignedIn, hasEnded }: { onSignedIn: () => void; hasEnded: boolean }) {
  const autofill = useAutofill(onSignedIn)
  const { isBusy, problem, run } = useAction(async () => {
    autofill.stop()
    await signIn()
    onSignedIn()
  })
  return (
    <main id="main" className="narrow">
      <Page
        title="Sign in"
        lead={hasEnded ? 'Your session has ended. Sign in to go on.' : 'To the TryMellon dashboard.'}
      >
        <Form onSubmit={() => void run()}>
          {autofill.isOffering ? (
            <Field
              label="Passkey"
              hint="Your browser lists your passkeys here."
              name="username"
              autoComplete="username webauthn"
            />
          ) : null}
          <Alert problem={problem ?? autofill.problem} />
          <Submit isBusy={isBusy}>Sign in with a passkey</Submit>
        </Form>
        <p>
          No account yet? <Link to="/sign-up">Sign up</Link>
        </p>
      </Page>
    </main>
  )
}
