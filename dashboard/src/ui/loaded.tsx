import type { ReactNode } from 'react'
import type { Query } from '../api/use-query.ts'
import { Alert } from './alert.tsx'
import { Page } from './page.tsx'

export function Loading() {
  return (
    <p role="status" className="quiet">
      Loading…
    </p>
  )
}

/** Shows what a query found, that it is under way, or what went wrong with a button to try again. */
export function Loaded<T>({ query, children }: { query: Query<T>; children: (data: T) => ReactNode }) {
  const { data, problem, reload } = query
  if (data !== undefined) return children(data)
  if (!problem) return <Loading />
  return (
    <>
      <Alert problem={problem} />
      <button type="button" onClick={reload}>
        Try again
      </button>
    </>
  )
}

/** The same for what a whole screen is about: where it could not be loaded, that is the screen. */
export function LoadedPage<T>({ query, children }: { query: Query<T>; children: (data: T) => ReactNode }) {
  const shown = <Loaded query={query}>{children}</Loaded>
  if (query.data !== undefined || !query.problem) return shown
  return <Page title={/_not_found$/.test(query.problem.code) ? 'Not found' : 'This could not be loaded'}>{shown}</Page>
}
