import { useState } from 'react'
import { useAction } from '../api/use-action.ts'
import { Alert } from './alert.tsx'
import { Field } from './field.tsx'
import { Form } from './form.tsx'

type Props = { action: string; phrase: string | undefined; onConfirm: () => Promise<unknown>; close: () => void }

/** Yes or no, and what went wrong after a yes. */
export function Question({ action, phrase, onConfirm, close }: Props) {
  const [typed, setTyped] = useState('')
  const { isBusy, problem, run } = useAction(onConfirm)
  const isHeld = phrase !== undefined && typed !== phrase
  const confirm = async () => {
    if (isHeld || !(await run())) return
    close()
    // The button may go with what it stood beside: the focus must not be lost with it.
    document.getElementById('main')?.focus({ preventScroll: true })
  }
  return (
    <Form onSubmit={() => void confirm()}>
      {phrase === undefined ? null : (
        <Field
          label={`Type “${phrase}” to confirm`}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          autoComplete="off"
          spellCheck={false}
        />
      )}
      <Alert problem={problem} />
      <div className="actions">
        <button type="button" className="second" onClick={close}>
          Cancel
        </button>
        <button type="submit" className="danger" aria-disabled={isBusy} disabled={isHeld}>
          {isBusy ? 'One moment…' : action}
        </button>
      </div>
    </Form>
  )
}
