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

type Begun = {
  /** Of a sign-up that was begun elsewhere. */
  id?: string
  /** What the form begins with; the person decides. */
  prefill?: { company_name?: string | undefined; email?: string | undefined }
  /** Where whoever began it wants a late person to go. */
  refreshUrl?: string
}

/** Where a new sign-up begins. */
export function StartAgain({ url = `${base}/sign-up` }: { url?: string | undefined }) {
  return <a href={url}>Start again</a>
}

/** The page of a sign-up: who it is, and a passkey. */
export function SignUp({ id, prefill, refreshUrl, onSignedIn }: Begun & { onSignedIn: () => void }) {
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
            defaultValue={prefill?.company_name}
            autoComplete="organization"
            required
            maxLength={100}
            problem={problem?.fields.company_name}
          />
          <Field
            label="E-mail"
            name="email"
            defaultValue={prefill?.email}
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
            <StartAgain url={refreshUrl} />
          </p>
        ) : null}
        <p>
          Have an account? <Link to="/sign-in">Sign in</Link>
        </p>
      </Page>
    </main>
  )
}
