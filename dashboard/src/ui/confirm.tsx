import { type ReactNode, useState } from 'react'
import { Dialog } from './dialog.tsx'
import { Question } from './question.tsx'

type Props = {
  /** Of the button that opens the question, and of the one that answers it. */
  action: string
  title: string
  children: ReactNode
  /** What must be typed first, for what cannot be undone. */
  phrase?: string
  onConfirm: () => Promise<unknown>
  /** Names the button for those who do not see what it stands beside. */
  label?: string
}

/** A button whose action is asked about first. */
export function Confirm({ action, title, children, phrase, onConfirm, label }: Props) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="danger" aria-label={label} onClick={() => setOpen(true)}>
        {action}
      </button>
      {isOpen ? (
        <Dialog title={title} onClosed={() => setOpen(false)}>
          {(close) => (
            <>
              {children}
              <Question action={action} phrase={phrase} onConfirm={onConfirm} close={close} />
            </>
          )}
        </Dialog>
      ) : null}
    </>
  )
}
