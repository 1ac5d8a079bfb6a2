import type { ReactNode } from 'react'

/** A submit button that says when it is at work; it keeps the focus meanwhile. */
export function Submit({ isBusy, children }: { isBusy: boolean; children: ReactNode }) {
  return (
    <button type="submit" aria-disabled={isBusy}>
      {isBusy ? 'One moment…' : children}
    </button>
  )
}
