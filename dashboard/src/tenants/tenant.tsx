import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { useQuery } from '../api/use-query.ts'
import { navigate } from '../router/path.ts'
import { useSession } from '../session/session.tsx'
import { Alert } from '../ui/alert.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Facts } from '../ui/facts.tsx'
import { Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { LoadedPage } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { Submit } from '../ui/submit.tsx'
import { Time } from '../ui/time.tsx'

type Tenant = Awaited<ReturnType<typeof api.tenants.get.query>>

/** One tenant: its name, and deleting it. */
export function TenantScreen({ id }: { id: string }) {
  const { account, canChange } = useSession()
  const query = useQuery(id, () => api.tenants.get.query({ id }))
  return (
    <LoadedPage query={query}>
      {(tenant) => (
        <Page title={tenant.name || tenant.id}>
          <Facts
            rows={[
              ['Tenant ID', <code key="id">{tenant.id}</code>],
              ['Applications', tenant.applications],
              ['Since', <Time key="since" at={tenant.created_at} />],
            ]}
          />
          {canChange ? <Name tenant={tenant} onChanged={query.reload} /> : null}
          {account.role === 'owner' ? <Deletion tenant={tenant} /> : null}
        </Page>
      )}
    </LoadedPage>
  )
}

function Name({ tenant, onChanged }: { tenant: Tenant; onChanged: () => void }) {
  const [isSaved, setSaved] = useState(false)
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    setSaved(false)
    await api.tenants.update.mutate({ id: tenant.id, name: textIn(values, 'name') })
    setSaved(true)
    onChanged()
  })
  return (
    <Form onSubmit={(values) => void run(values)}>
      <Field
        label="Name"
        name="name"
        defaultValue={tenant.name}
        required
        maxLength={100}
        problem={problem?.fields.name}
      />
      <Alert problem={problem} />
      <Submit isBusy={isBusy}>Save</Submit>
      <p role="status">{isSaved ? 'Saved.' : ''}</p>
    </Form>
  )
}

function Deletion({ tenant }: { tenant: Tenant }) {
  const { reload } = useSession()
  const name = tenant.name || tenant.id
  const remove = async () => {
    await api.tenants.delete.mutate({ id: tenant.id, confirm: tenant.id })
    reload()
    navigate('/account')
  }
  return (
    <section aria-labelledby="deletion">
      <h2 id="deletion">Delete</h2>
      <Confirm action="Delete" title={`Delete ${name}?`} phrase={name} onConfirm={remove}>
        <p>
          Its applications with all their users are unreachable at once, and so are secret keys that reach nothing else.
          It is erased after 30 days. There is no way back from here.
        </p>
      </Confirm>
    </section>
  )
}
