import { type ReactNode, useEffect, useId, useRef } from 'react'

type Props = {
  title: string
  /** After it was closed, by whatever: a button, Escape, or `close`. The opener then takes it away. */
  onClosed: () => void
  /** @param close gives the focus back to what opened the dialog */
  children: (close: () => void) => ReactNode
}

/** A dialog of the browser's own, open from the moment that it is there: it keeps the focus, and Escape closes it. */
export function Dialog({ title, onClosed, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={onClosed}>
      <h2 id={heading}>{title}</h2>
      {children(() => dialog.current?.close())}
    </dialog>
  )
}
