import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { Link } from '../router/link.tsx'
import { useSession } from '../session/session.tsx'
import { Alert } from '../ui/alert.tsx'
import { Copyable } from '../ui/copyable.tsx'
import { Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Page } from '../ui/page.tsx'
import { Submit } from '../ui/submit.tsx'
import { OriginFields } from './origin-fields.tsx'

type Created = Awaited<ReturnType<typeof api.applications.create.mutate>>

/** Makes an application; its client secret is shown here and never again. */
export function NewApplicationScreen() {
  const { choose, reload } = useSession()
  const [origins, setOrigins] = useState<readonly string[]>([''])
  const [created, setCreated] = useState<Created>()
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    const allowed_origins = origins.map((origin) => origin.trim()).filter(Boolean)
    const made = await api.applications.create.mutate({ name: textIn(values, 'name'), allowed_origins })
    setCreated(made)
    choose(made.id)
    reload()
  })
  if (created) return <Made created={created} />
  return (
    <Page title="New application">
      <Form onSubmit={(values) => void run(values)}>
        <Field label="Name" name="name" required maxLength={100} problem={problem?.fields.name} />
        <OriginFields origins={origins} onChange={setOrigins} problem={problem} />
        <Alert problem={problem} />
        <Submit isBusy={isBusy}>Create</Submit>
      </Form>
    </Page>
  )
}

function Made({ created }: { created: Created }) {
  return (
    <Page title={`${created.name} was created`}>
      <p className="notice">Copy the client secret now: it is shown this once.</p>
      <Copyable label="Client ID, also the publishable key" value={created.client_id} />
      <Copyable label="Client secret" value={created.client_secret} />
      <p>
        <Link to={`/applications/${created.id}`}>I have stored it: to the application</Link>
      </p>
    </Page>
  )
}
