import { useState } from 'react'
import { api } from '../api/client.ts'
import { Refused } from '../api/problem.ts'
import { useAction } from '../api/use-action.ts'
import { confirmWithPasskey } from '../passkeys/step-up.ts'
import { Link } from '../router/link.tsx'
import { Alert } from '../ui/alert.tsx'
import { Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Page } from '../ui/page.tsx'
import { Submit } from '../ui/submit.tsx'
import { Delivery } from './delivery.tsx'
import { addressesIn, expiresAt, KeyLimits } from './key-limits.tsx'
import type { Right } from './rights.ts'

type Created = Awaited<ReturnType<typeof api.keys.create.mutate>>

type Asked = { name: string; scopes: Right[] | undefined; application_ids: string[] | undefined }

/** What the server would refuse anyway, said before the person is asked for a passkey. */
function checkAnswers({ name, scopes, application_ids }: Asked): void {
  const details = [
    ...(name === '' ? [{ path: 'name', message: 'must not be empty' }] : []),
    ...(scopes?.length === 0 ? [{ path: 'scopes', message: 'tick at least one right' }] : []),
    ...(application_ids?.length === 0 ? [{ path: 'application_ids', message: 'tick at least one application' }] : []),
  ]
  const [first] = details
  if (first) throw new Refused({ code: 'validation_error', message: first.message, details })
}

/** Makes a secret key, after a passkey has confirmed it. */
export function NewKeyScreen() {
  const [created, setCreated] = useState<Created>()
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    const scopes = values.get('reach') === 'some' ? (values.getAll('scope') as Right[]) : undefined
    const application_ids = values.get('where') === 'some' ? values.getAll('application').map(String) : undefined
    const allowed_ips = addressesIn(textIn(values, 'addresses'))
    const expires_at = expiresAt(Number(textIn(values, 'days')))
    const name = textIn(values, 'name')
    checkAnswers({ name, scopes, application_ids })
    const step_up = await confirmWithPasskey('keys.create')
    setCreated(
      await api.keys.create.mutate({
        name,
        ...(scopes ? { scopes } : {}),
        ...(application_ids ? { application_ids } : {}),
        ...(allowed_ips ? { allowed_ips } : {}),
        ...(expires_at ? { expires_at } : {}),
        step_up,
      }),
    )
  })
  if (created) {
    return (
      <Page title={`The key “${created.name}”`}>
        <Delivery secretKey={created.secret_key} setup={created.setup} />
        <p>
          <Link to="/keys">I have stored it: to the keys</Link>
        </p>
      </Page>
    )
  }
  return (
    <Page title="New secret key" lead="For a program that should work in this account. Your passkey confirms it.">
      <Form onSubmit={(values) => void run(values)}>
        <Field
          label="Name"
          name="name"
          hint="What it is for, such as CI."
          required
          maxLength={80}
          problem={problem?.fields.name}
        />
        <KeyLimits problem={problem} />
        <Alert problem={problem} />
        <Submit isBusy={isBusy}>Confirm with a passkey</Submit>
      </Form>
    </Page>
  )
}
