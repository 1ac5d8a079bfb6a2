import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { Alert } from '../ui/alert.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Form, textIn } from '../ui/form.tsx'
import { Submit } from '../ui/submit.tsx'

type Props = { id: string; name: string; onRenamed: () => void }

function NameForm({ id, name, onRenamed, close }: Props & { close: () => void }) {
  const { isBusy, problem, run } = useAction((alias: string) =>
    api.account.passkeys.update.mutate({ credential_id: id, alias }),
  )
  const rename = async (values: FormData) => {
    if (!(await run(textIn(values, 'alias')))) return
    close()
    onRenamed()
  }
  return (
    <Form onSubmit={(values) => void rename(values)}>
      <Field
        label="Name"
        name="alias"
        defaultValue={name}
        required
        maxLength={100}
        autoComplete="off"
        problem={problem?.fields.alias}
      />
      <Alert problem={problem} />
      <div className="actions">
        <button type="button" className="second" onClick={close}>
          Cancel
        </button>
        <Submit isBusy={isBusy}>Rename</Submit>
      </div>
    </Form>
  )
}

/** Another name for one of the own passkeys. */
export function RenamePasskey(props: Props) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="second" aria-label={`Rename ${props.name}`} onClick={() => setOpen(true)}>
        Rename
      </button>
      {isOpen ? (
        <Dialog title={`Rename ${props.name}`} onClosed={() => setOpen(false)}>
          {(close) => <NameForm {...props} close={close} />}
        </Dialog>
      ) : null}
    </>
  )
}
