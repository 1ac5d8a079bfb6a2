import { useRef } from 'react'
import { useAction } from '../api/use-action.ts'
import { Link } from '../router/link.tsx'
import { base } from '../router/path.ts'
import { Alert } from '../ui/alert.tsx'
import { Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Page } from '../ui/page.tsx'
import { Submit } from '../ui/submit.tsx'
import { beginSignUp, signUp } from './register.ts'

/** The page of a sign-up: who it is, and a passkey. @param id of one that was begun elsewhere */
export function SignUp({ id, onSignedIn }: { id?: string; onSignedIn: () => void }) {
  // One sign-up, however often the prompt is cancelled.
  const begun = useRef(id)
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    const session = begun.current ?? (await beginSignUp())
    begun.current = session
    const who = { company_name: textIn(values, 'company_name'), email: textIn(values, 'email') }
    const next = await signUp(session, who)
    if (next) window.location.assign(next)
    else onSignedIn()
  })
  return (
    <main id="main" className="narrow">
      <Page title="Sign up" lead="An account is yours alone: you sign in with a passkey, there is no password.">
        <Form onSubmit={(values) => void run(values)}>
          <Field
            label="Company or project"
            name="company_name"
            autoComplete="organization"
            required
            maxLength={100}
            problem={problem?.fields.company_name}
          />
          <Field
            label="E-mail"
            name="email"
            type="email"
            autoComplete="email"
            required
            maxLength={254}
            problem={problem?.fields.email}
          />
          <Alert problem={problem} />
          <Submit isBusy={isBusy}>Create a passkey</Submit>
        </Form>
        {problem?.code === 'onboarding_not_found' || problem?.code === 'invalid_state' ? (
          <p>
            <a href={`${base}/sign-up`}>Start again</a>
          </p>
        ) : null}
        <p>
          Have an account? <Link to="/sign-in">Sign in</Link>
        </p>
      </Page>
    </main>
  )
}
