import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { usePages } from '../api/use-pages.ts'
import { Alert } from '../ui/alert.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Paged } from '../ui/paged.tsx'
import { Submit } from '../ui/submit.tsx'
import { Time } from '../ui/time.tsx'

type Role = Parameters<typeof api.account.members.invite.mutate>[0]['role']

/** Inviting somebody, and the invitations that wait to be used. */
export function Invitations() {
  const [sent, setSent] = useState('')
  const pages = usePages('invitations', (starting_after) =>
    api.account.invitations.list.query({ limit: 50, ...(starting_after ? { starting_after } : {}) }),
  )
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    setSent('')
    const role = textIn(values, 'role') as Role
    const { email } = await api.account.members.invite.mutate({ email: textIn(values, 'email'), role })
    setSent(email)
    pages.reload()
  })
  const withdraw = async (invitation_id: string) => {
    await api.account.invitations.withdraw.mutate({ invitation_id })
    pages.reload()
  }
  return (
    <>
      <section aria-labelledby="invite">
        <h2 id="invite">Invite somebody</h2>
        <Form onSubmit={(values) => void run(values)}>
          <Field
            label="E-mail"
            name="email"
            type="email"
            autoComplete="off"
            required
            maxLength={254}
            problem={problem?.fields.email}
          />
          <Choice label="Role" name="role" defaultValue="viewer" problem={problem?.fields.role}>
            <option value="viewer">viewer: may look at everything and change nothing</option>
            <option value="admin">admin: everything but billing, members and deleting tenants</option>
            <option value="owner">owner: everything</option>
          </Choice>
          <Alert problem={problem} />
          <Submit isBusy={isBusy}>Invite</Submit>
        </Form>
        <p role="status">{sent ? `A mail with a link is on its way to ${sent}. It is good for a week.` : ''}</p>
      </section>
      <section aria-labelledby="invitations">
        <h2 id="invitations">Invitations</h2>
        <Paged
          pages={pages}
          caption="Invitations"
          keyOf={({ id }) => id}
          empty="None waits to be used."
          columns={[
            { label: 'E-mail', cell: ({ email }) => email },
            { label: 'Role', cell: ({ role }) => role },
            { label: 'Good until', cell: ({ expires_at }) => <Time at={expires_at} /> },
            {
              label: 'Withdraw',
              cell: ({ id, email }) => (
                <Confirm
                  action="Withdraw"
                  label={`Withdraw the invitation of ${email}`}
                  title={`Withdraw the invitation of ${email}?`}
                  onConfirm={() => withdraw(id)}
                >
                  <p>The link in the mail works no longer.</p>
                </Confirm>
              ),
            },
          ]}
        />
      </section>
    </>
  )
}
