import { useEffect, useRef, useState } from 'react'
import { type Problem, problemOf } from '../api/problem.ts'
import { signIn } from '../passkeys/sign-in.ts'

/** Whether the browser offers passkeys in the list of a field. */
const isOffered = async (): Promise<boolean> =>
  (await globalThis.PublicKeyCredential?.isConditionalMediationAvailable?.()) ?? false

/** Waits for a passkey that the person picks from the field's list, until `stop` or another screen. */
export function useAutofill(onSignedIn: () => void): { isOffering: boolean; problem?: Problem; stop: () => void } {
  const [isOffering, setOffering] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const ending = useRef(new AbortController())
  const latest = useRef(onSignedIn)
  useEffect(() => {
    latest.current = onSignedIn
  })
  useEffect(() => {
    const controller = new AbortController()
    ending.current = controller
    const { signal } = controller
    const wait = async () => {
      if (!(await isOffered()) || signal.aborted) return
      setOffering(true)
      await signIn({ mediation: 'conditional', signal })
      latest.current()
    }
    wait().catch((thrown: unknown) => {
      // A challenge that nobody answered in time, or a list that was closed, is no news: the button is there.
      if (!signal.aborted && !(thrown instanceof DOMException)) setProblem(problemOf(thrown))
    })
    return () => controller.abort()
  }, [])
  return { isOffering, ...(problem ? { problem } : {}), stop: () => ending.current.abort() }
}
