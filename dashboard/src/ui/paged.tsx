import type { ReactNode } from 'react'
import type { Pages } from '../api/use-pages.ts'
import { Alert } from './alert.tsx'
import { Loading } from './loaded.tsx'
import { type Column, Table } from './table.tsx'

type Props<T> = {
  pages: Pages<T>
  caption: string
  columns: readonly [Column<T>, ...Column<T>[]]
  keyOf: (row: T) => string
  empty: ReactNode
}

/** A list with a cursor as a table, with a button for the next page. */
export function Paged<T>({ pages, ...table }: Props<T>) {
  const { rows, problem, isLoading, more, reload } = pages
  return (
    <>
      {rows ? <Table rows={rows} {...table} /> : null}
      <Alert problem={problem} />
      {isLoading ? <Loading /> : null}
      {problem && !isLoading ? (
        <button type="button" onClick={rows && more ? more : reload}>
          Try again
        </button>
      ) : null}
      {more && !isLoading && !problem ? (
        <button type="button" className="second" onClick={more}>
          Load more
        </button>
      ) : null}
      <p role="status" className="unseen">
        {rows ? `${rows.length} shown` : ''}
      </p>
    </>
  )
}
