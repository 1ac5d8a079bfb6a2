import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from } from 'pg-copy-streams'
import type { Facts, Table, Value } from './tables.ts'

const CHUNK_CHARACTERS = 256 * 1024

const line = (row: Value[]) => `${row.map((value) => value ?? '\\N').join('\t')}\n`

function* chunks(table: Table, facts: Facts, ordinals: Iterable<number>): Generator<string> {
  let text = ''
  for (const n of ordinals) {
    for (const row of table.rows(facts, n)) text += line(row)
    if (text.length < CHUNK_CHARACTERS) continue
    yield text
    text = ''
  }
  yield text
}

/** Streams one table's rows of some users into the database. @returns how many rows */
export async function copy(client: pg.Client, table: Table, facts: Facts, ordinals: Iterable<number>): Promise<number> {
  const target = client.query(from(`copy ${table.name} (${table.columns}) from stdin`))
  await pipeline(Readable.from(chunks(table, facts, ordinals)), target)
  return target.rowCount
}

/** Whole numbers from `first` up to but without `end`. */
export function* range(first: number, end: number): Generator<number> {
  for (let n = first; n < end; n++) yield n
}
