import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import type { Account } from '../session/session.tsx'
import { Alert } from '../ui/alert.tsx'
import { Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Submit } from '../ui/submit.tsx'

/** Until the person has proven an address: what that is for, and a mail to the one they gave, or to the right one. */
export function AskForProof({ account }: { account: Account }) {
  const [sent, setSent] = useState('')
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    setSent('')
    const email = textIn(values, 'email')
    await api.account.address.request_proof.mutate({ email })
    setSent(email)
  })
  if (account.email_verified) return null
  return (
    <section aria-labelledby="confirm-address">
      <h2 id="confirm-address">Confirm your e-mail address</h2>
      <p className="notice">
        Nobody knows yet that this address is yours. Once it is confirmed, agents that register with it get keys for
        your account, and keys that they have already show up here, where you can revoke them.
      </p>
      <Form onSubmit={(values) => void run(values)}>
        <Field
          label="Your e-mail"
          name="email"
          type="email"
          autoComplete="email"
          defaultValue={account.email ?? ''}
          required
          maxLength={254}
          problem={problem?.fields.email}
        />
        <Alert problem={problem} />
        <Submit isBusy={isBusy}>{sent ? 'Send another mail' : 'Send the mail'}</Submit>
      </Form>
      <p role="status">
        {sent ? `A mail with a link is on its way to ${sent}. Open it in this browser; it is good for a day.` : ''}
      </p>
    </section>
  )
}
