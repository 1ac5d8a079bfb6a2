import { type ReactNode, useEffect, useRef } from 'react'
import { history } from '../router/path.ts'

/** One screen: its title in the tab and as the heading, which gets the focus when the person comes from another screen. */
export function Page({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · TryMellon`
  }, [title])
  useEffect(() => {
    if (history.moved) heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {lead ? <p className="lead">{lead}</p> : null}
      {children}
    </>
  )
}
