import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { navigate } from '../router/path.ts'
import { Alert } from '../ui/alert.tsx'
import { Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Submit } from '../ui/submit.tsx'

/** Looks a user up by the external id; the address of the page that it leads to has the internal one. */
export function FindUser() {
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    const found = await api.users.get.query({ external_user_id: textIn(values, 'external_user_id') })
    navigate(`/users/${found.id}`)
  })
  const isUnknown = problem?.code === 'user_not_found'
  const said = isUnknown ? 'There is no user with this ID.' : problem?.fields.external_user_id
  return (
    <Form className="search" label="Find a user" onSubmit={(values) => void run(values)}>
      <Field
        label="Find by external ID"
        name="external_user_id"
        type="search"
        autoComplete="off"
        spellCheck={false}
        problem={said}
      />
      <Submit isBusy={isBusy}>Find</Submit>
      <Alert problem={said ? undefined : problem} />
    </Form>
  )
}
