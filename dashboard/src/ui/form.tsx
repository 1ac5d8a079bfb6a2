import type { FormEvent, ReactNode } from 'react'

type Props = { onSubmit: (values: FormData) => void; children: ReactNode; className?: string; label?: string }

/** A form whose values go to a function; the server decides what is valid, and says so beside the field. */
export function Form({ onSubmit, children, className, label }: Props) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    onSubmit(new FormData(event.currentTarget))
  }
  return (
    <form noValidate onSubmit={submit} className={className} aria-label={label}>
      {children}
    </form>
  )
}

/** The text of a field, trimmed; empty when there is none. */
export const textIn = (values: FormData, name: string): string => String(values.get(name) ?? '').trim()
