import type { MouseEvent, ReactNode } from 'react'
import { base, navigate } from './path.ts'

type Props = { to: string; children: ReactNode; className?: string; current?: boolean; onFollow?: () => void }

/** A link to another screen: a real address, so that it opens in a new tab like any other. */
export function Link({ to, children, className, current, onFollow }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    onFollow?.()
    navigate(to)
  }
  return (
    <a
      href={base + (to === '/' ? '' : to)}
      onClick={follow}
      className={className}
      aria-current={current ? 'page' : undefined}
    >
      {children}
    </a>
  )
}
