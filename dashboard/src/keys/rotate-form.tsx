import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { Alert } from '../ui/alert.tsx'
import { Choice } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Submit } from '../ui/submit.tsx'
import { Time } from '../ui/time.tsx'
import { Delivery } from './delivery.tsx'

type Rotated = Awaited<ReturnType<typeof api.keys.rotate.mutate>>

/** How long the key until now goes on working, and then the new one. */
export function RotateForm({ keyId, close }: { keyId: string; close: () => void }) {
  const [rotated, setRotated] = useState<Rotated>()
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    const grace_period_seconds = Number(textIn(values, 'grace'))
    setRotated(await api.keys.rotate.mutate({ key_id: keyId, grace_period_seconds }))
  })
  if (rotated) {
    return (
      <>
        <p>
          The key before works until <Time at={rotated.previous_expires_at} />.
        </p>
        <Delivery secretKey={rotated.secret_key} setup={rotated.setup} />
        <button type="button" onClick={close}>
          I have stored it
        </button>
      </>
    )
  }
  return (
    <Form onSubmit={(values) => void run(values)}>
      <Choice label="The key until now goes on working for" name="grace" defaultValue="86400">
        <option value="86400">a day</option>
        <option value="604800">a week</option>
        <option value="0">not at all: it ends at once</option>
      </Choice>
      <Alert problem={problem} />
      <div className="actions">
        <button type="button" className="second" onClick={close}>
          Cancel
        </button>
        <Submit isBusy={isBusy}>Rotate</Submit>
      </div>
    </Form>
  )
}
