import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { navigate } from '../router/path.ts'
import { type Application, useSession } from '../session/session.tsx'
import { Alert } from '../ui/alert.tsx'
import { Confirm } from '../ui/confirm.tsx'

/** Stopping an application for a while, and for good. */
export function Lifecycle({ application, onChanged }: { application: Application; onChanged: () => void }) {
  const { id, name, status } = application
  const { reload } = useSession()
  const activation = useAction(async () => {
    await api.applications.activate.mutate({ id })
    onChanged()
  })
  const suspend = async () => {
    await api.applications.suspend.mutate({ id })
    onChanged()
  }
  const remove = async () => {
    await api.applications.delete.mutate({ id })
    reload()
    navigate('/')
  }
  return (
    <section aria-labelledby="lifecycle">
      <h2 id="lifecycle">Suspend or delete</h2>
      <Alert problem={activation.problem} />
      <div className="actions">
        {status === 'suspended' ? (
          <button type="button" aria-disabled={activation.isBusy} onClick={() => void activation.run()}>
            Activate
          </button>
        ) : (
          <Confirm action="Suspend" title={`Suspend ${name}?`} phrase={name} onConfirm={suspend}>
            <p>Its backend, browsers and users are refused until it is activated again. Nothing is lost.</p>
          </Confirm>
        )}
        <Confirm action="Delete" title={`Delete ${name}?`} phrase={name} onConfirm={remove}>
          <p>It is unreachable at once, and erased with all its users after 30 days. There is no way back from here.</p>
        </Confirm>
      </div>
    </section>
  )
}
