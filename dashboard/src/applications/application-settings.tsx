import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import type { Application } from '../session/session.tsx'
import { Alert } from '../ui/alert.tsx'
import { Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Submit } from '../ui/submit.tsx'
import { OriginFields } from './origin-fields.tsx'

type Props = { application: Application; onChanged: () => void }

/** Name and origins of an application. */
export function ApplicationSettings({ application, onChanged }: Props) {
  const [origins, setOrigins] = useState<readonly string[]>(application.allowed_origins)
  const [isSaved, setSaved] = useState(false)
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    setSaved(false)
    const allowed_origins = origins.map((origin) => origin.trim()).filter(Boolean)
    const name = textIn(values, 'name')
    const saved = await api.applications.update.mutate({ id: application.id, name, allowed_origins })
    setOrigins(saved.allowed_origins)
    setSaved(true)
    onChanged()
  })
  return (
    <section aria-labelledby="settings">
      <h2 id="settings">Settings</h2>
      <Form onSubmit={(values) => void run(values)}>
        <Field
          label="Name"
          name="name"
          defaultValue={application.name}
          required
          maxLength={100}
          problem={problem?.fields.name}
        />
        <OriginFields origins={origins} onChange={setOrigins} problem={problem} />
        <Alert problem={problem} />
        <Submit isBusy={isBusy}>Save</Submit>
        <p role="status">{isSaved ? 'Saved.' : ''}</p>
      </Form>
    </section>
  )
}
