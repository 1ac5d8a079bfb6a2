import { useCallback, useEffect, useRef, useState } from 'react'
import { type Problem, problemOf } from './problem.ts'

export type Query<T> = { data: T | undefined; problem: Problem | undefined; reload: () => void }

type State<T> = { key: string; data?: T; problem?: Problem }

/**
 * Loads something for a screen, again when the key changes or `reload` is called; the answer to an earlier key is dropped.
 * @param key names what is loaded
 */
export function useQuery<T>(key: string, load: () => Promise<T>): Query<T> {
  const [state, setState] = useState<State<T>>({ key })
  const [turn, setTurn] = useState(0)
  const latest = useRef(load)
  useEffect(() => {
    latest.current = load
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` is there to ask once more
  useEffect(() => {
    let isCurrent = true
    latest.current().then(
      (data) => isCurrent && setState({ key, data }),
      (thrown: unknown) => isCurrent && setState({ key, problem: problemOf(thrown) }),
    )
    return () => {
      isCurrent = false
    }
  }, [key, turn])
  const { data, problem } = state.key === key ? state : {}
  const reload = useCallback(() => setTurn((n) => n + 1), [])
  return { data, problem, reload }
}
