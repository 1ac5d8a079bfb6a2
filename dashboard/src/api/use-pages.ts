import { useEffect, useRef, useState } from 'react'
import { type Problem, problemOf } from './problem.ts'

export type CursorPage<T> = { data: T[]; has_more: boolean; next_cursor: string | null }

export type Pages<T> = {
  rows: readonly T[] | undefined
  problem: Problem | undefined
  isLoading: boolean
  /** Loads the next page, where there is one. */
  more: (() => void) | undefined
  reload: () => void
}

type State<T> = { key: string; rows?: T[]; cursor?: string | null; problem?: Problem; isLoading: boolean }

/** A list with a cursor: its first page, and further ones on demand, again from the start when the key changes. */
export function usePages<T>(key: string, load: (cursor: string | undefined) => Promise<CursorPage<T>>): Pages<T> {
  const [state, setState] = useState<State<T>>({ key, isLoading: true })
  const [turn, setTurn] = useState(0)
  const latest = useRef({ load, run: '' })
  useEffect(() => {
    latest.current.load = load
  })
  const run = `${turn} ${key}`

  const fetchPage = (before: T[], cursor: string | undefined, of: string) => {
    const isCurrent = () => latest.current.run === of
    latest.current.load(cursor).then(
      (page) =>
        isCurrent() && setState({ key, rows: [...before, ...page.data], cursor: page.next_cursor, isLoading: false }),
      (thrown: unknown) =>
        isCurrent() && setState((old) => ({ ...old, key, problem: problemOf(thrown), isLoading: false })),
    )
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: the run names everything that a first page depends on
  useEffect(() => {
    latest.current.run = run
    fetchPage([], undefined, run)
    return () => {
      latest.current.run = ''
    }
  }, [run])

  const shown: State<T> = state.key === key ? state : { key, isLoading: true }
  const { rows, cursor, problem, isLoading } = shown
  const more = () => {
    setState({ key, rows: rows ?? [], cursor: cursor ?? null, isLoading: true })
    fetchPage(rows ?? [], cursor ?? undefined, run)
  }
  return { rows, problem, isLoading, more: cursor ? more : undefined, reload: () => setTurn((n) => n + 1) }
}
