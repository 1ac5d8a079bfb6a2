import { useState } from 'react'
import { type Problem, problemOf } from './problem.ts'

export type Action<A extends unknown[]> = {
  isBusy: boolean
  problem: Problem | undefined
  /** @returns whether it went well */
  run: (...args: A) => Promise<boolean>
  reset: () => void
}

/** Something that a person sets off: one at a time, with what went wrong in words. */
export function useAction<A extends unknown[]>(work: (...args: A) => Promise<unknown>): Action<A> {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  async function run(...args: A): Promise<boolean> {
    if (isBusy) return false
    setBusy(true)
    setProblem(undefined)
    try {
      await work(...args)
      return true
    } catch (thrown) {
      setProblem(problemOf(thrown))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { isBusy, problem, run, reset: () => setProblem(undefined) }
}
