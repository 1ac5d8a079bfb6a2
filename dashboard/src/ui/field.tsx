import { type ComponentProps, type ReactNode, useId } from 'react'

type Shared = { label: string; hint?: ReactNode; problem?: string | undefined }
type InputProps = Shared & Omit<ComponentProps<'input'>, 'id'>
type SelectProps = Shared & Omit<ComponentProps<'select'>, 'id'>

/** The ids that tie a control to its hint and to what is wrong with it. */
function useTies({ hint, problem }: Shared) {
  const id = useId()
  const described = [hint ? `${id}-hint` : '', problem ? `${id}-problem` : ''].filter(Boolean).join(' ')
  return { id, 'aria-describedby': described || undefined, 'aria-invalid': problem ? true : undefined }
}

function Around({ id, label, hint, problem, children }: Shared & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint ? (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      ) : null}
      {children}
      <p id={`${id}-problem`} className="problem" aria-live="polite">
        {problem}
      </p>
    </div>
  )
}

/** A labelled input, with a hint, and what the server said about its value beside it. */
export function Field({ label, hint, problem, ...input }: InputProps) {
  const ties = useTies({ label, hint, problem })
  return (
    <Around id={ties.id} label={label} hint={hint} problem={problem}>
      <input {...ties} {...input} />
    </Around>
  )
}

export function Choice({ label, hint, problem, children, ...select }: SelectProps) {
  const ties = useTies({ label, hint, problem })
  return (
    <Around id={ties.id} label={label} hint={hint} problem={problem}>
      <select {...ties} {...select}>
        {children}
      </select>
    </Around>
  )
}
