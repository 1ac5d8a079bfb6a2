import { useState } from 'react'
import { Dialog } from '../ui/dialog.tsx'
import { RotateForm } from './rotate-form.tsx'

type Props = { keyId: string; name: string; onRotated: () => void }

/** Replaces a secret key: the new one is shown in the dialog, and gone when that is closed. */
export function RotateKey({ keyId, name, onRotated }: Props) {
  const [isOpen, setOpen] = useState(false)
  const closed = () => {
    setOpen(false)
    onRotated()
  }
  return (
    <>
      <button type="button" className="second" aria-label={`Rotate ${name}`} onClick={() => setOpen(true)}>
        Rotate
      </button>
      {isOpen ? (
        <Dialog title={`Rotate ${name}`} onClosed={closed}>
          {(close) => <RotateForm keyId={keyId} close={close} />}
        </Dialog>
      ) : null}
    </>
  )
}
