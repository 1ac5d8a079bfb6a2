import type { ReactNode } from 'react'

export type Column<T> = { label: string; cell: (row: T) => ReactNode }

type Props<T> = {
  caption: string
  columns: readonly [Column<T>, ...Column<T>[]]
  rows: readonly T[]
  keyOf: (row: T) => string
  empty: ReactNode
}

/** Rows under a caption, of which the first cell names the row; on a narrow screen each row is a card. */
export function Table<T>({ caption, columns, rows, keyOf, empty }: Props<T>) {
  if (rows.length === 0) return <p className="quiet">{empty}</p>
  const [first, ...rest] = columns
  return (
    <table>
      <caption className="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ label }) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            <th scope="row">{first.cell(row)}</th>
            {rest.map(({ label, cell }) => (
              <td key={label} data-label={label}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
