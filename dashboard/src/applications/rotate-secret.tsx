import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import type { Application } from '../session/session.tsx'
import { Alert } from '../ui/alert.tsx'
import { Copyable } from '../ui/copyable.tsx'
import { Choice } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Submit } from '../ui/submit.tsx'
import { Time } from '../ui/time.tsx'

type Rotated = Awaited<ReturnType<typeof api.applications.rotate_secret.mutate>>

const graces = [
  ['900', '15 minutes'],
  ['3600', 'an hour'],
  ['0', 'not at all: it ends at once'],
] as const

/** A new client secret, shown once; the one before goes on for as long as the person says. */
export function RotateSecret({ application }: { application: Application }) {
  const [rotated, setRotated] = useState<Rotated>()
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    const grace_period_seconds = Number(textIn(values, 'grace'))
    setRotated(await api.applications.rotate_secret.mutate({ id: application.id, grace_period_seconds }))
  })
  return (
    <section aria-labelledby="secret">
      <h2 id="secret">Client secret</h2>
      <div aria-live="polite">
        {rotated ? (
          <>
            <p className="notice">
              Copy it now: it is shown this once. The secret before works until{' '}
              <Time at={rotated.previous_secret_expires_at} />.
            </p>
            <Copyable label="New client secret" value={rotated.new_client_secret} />
            <button type="button" className="second" onClick={() => setRotated(undefined)}>
              I have stored it
            </button>
          </>
        ) : null}
      </div>
      {rotated ? null : (
        <Form onSubmit={(values) => void run(values)}>
          <p>Only its hash is stored, so it cannot be shown again; replace it if it is lost or may have leaked.</p>
          <Choice label="The secret until now goes on working for" name="grace" defaultValue="900">
            {graces.map(([seconds, name]) => (
              <option key={seconds} value={seconds}>
                {name}
              </option>
            ))}
          </Choice>
          <Alert problem={problem} />
          <Submit isBusy={isBusy}>Rotate the secret</Submit>
        </Form>
      )}
    </section>
  )
}
