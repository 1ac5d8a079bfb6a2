import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { makePasskey } from '../passkeys/register.ts'
import { confirmWithPasskey } from '../passkeys/step-up.ts'
import { Alert } from '../ui/alert.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Submit } from '../ui/submit.tsx'

type Begun = Awaited<ReturnType<typeof api.account.passkeys.register.start.mutate>>
type Props = { close: () => void; onAdded: () => void }

/** First a proof of a passkey that the person has. */
function Prove({ close, onBegun }: { close: () => void; onBegun: (begun: Begun) => void }) {
  const { isBusy, problem, run } = useAction(async () => {
    const step_up = await confirmWithPasskey('account.passkeys.register')
    onBegun(await api.account.passkeys.register.start.mutate({ step_up }))
  })
  return (
    <Form onSubmit={() => void run()}>
      <p>First confirm with a passkey that you have. Then your browser asks where the new one shall be kept.</p>
      <Alert problem={problem} />
      <div className="actions">
        <button type="button" className="second" onClick={close}>
          Cancel
        </button>
        <Submit isBusy={isBusy}>Confirm with a passkey</Submit>
      </div>
    </Form>
  )
}

/** Then the new one; a press of its own, since browsers want one for each prompt. */
function Make({ begun, close, onAdded }: Props & { begun: Begun }) {
  const { isBusy, problem, run } = useAction(async (values: FormData) => {
    const alias = textIn(values, 'alias')
    const credential = await makePasskey(begun.challenge)
    const { session_id } = begun
    await api.account.passkeys.register.finish.mutate({ session_id, credential, ...(alias ? { alias } : {}) })
  })
  const make = async (values: FormData) => {
    if (!(await run(values))) return
    close()
    onAdded()
  }
  return (
    <Form onSubmit={(values) => void make(values)}>
      <Field
        label="Name of the new passkey"
        name="alias"
        hint="Where it is kept, such as “Phone” or “Key in the drawer”."
        maxLength={100}
        autoComplete="off"
        autoFocus
        problem={problem?.fields.alias}
      />
      <Alert problem={problem} />
      <div className="actions">
        <button type="button" className="second" onClick={close}>
          Cancel
        </button>
        <Submit isBusy={isBusy}>Create the passkey</Submit>
      </div>
    </Form>
  )
}

/** A button that leads to another passkey of the person. */
export function AddPasskey({ onAdded }: { onAdded: () => void }) {
  const [isOpen, setOpen] = useState(false)
  const [begun, setBegun] = useState<Begun>()
  const closed = () => {
    setOpen(false)
    setBegun(undefined)
  }
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Add a passkey
      </button>
      {isOpen ? (
        <Dialog title="Add a passkey" onClosed={closed}>
          {(close) =>
            begun ? <Make begun={begun} close={close} onAdded={onAdded} /> : <Prove close={close} onBegun={setBegun} />
          }
        </Dialog>
      ) : null}
    </>
  )
}
