import { useEffect, useRef } from 'react'

/** Does something every so often while the page is looked at, and at once when somebody comes back to it later than that. */
export function useWhileVisible(everyMillis: number, work: () => void): void {
  const latest = useRef(work)
  useEffect(() => {
    latest.current = work
  })
  useEffect(() => {
    let last = Date.now()
    const doIfDue = () => {
      if (document.visibilityState !== 'visible' || Date.now() - last < everyMillis) return
      last = Date.now()
      latest.current()
    }
    const timer = setInterval(doIfDue, everyMillis / 10)
    document.addEventListener('visibilitychange', doIfDue)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', doIfDue)
    }
  }, [everyMillis])
}
