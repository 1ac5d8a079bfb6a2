import { fromMillis } from './time.ts'

/**
 * Raw SQL with `$1` parameters; one statement a call.
 * Parameters: string, number, bigint, boolean, null, Date, Uint8Array, string[]. JSON goes as text with `::jsonb` in the SQL.
 * Rows, the same on both engines and in every kind of transaction: timestamptz -> Date, bytea -> Uint8Array,
 * int8 and numeric -> number, json -> parsed, date, uuid, text -> string, arrays of these -> arrays.
 * Name the columns, never `*`: statements stay prepared, and a migration that adds a column would break the old plan.
 */
export interface Sql {
  query<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<R[]>
}

/**
 * Begins a statement whose best plan depends on its values, on how large a tenant is for one: PostgreSQL plans it each time
 * instead of settling on one plan for all.
 */
export const plannedEachTime = '/* planned each time */ '

/** What a raw driver transaction gets: `script` runs many statements without parameters (migrations). */
export interface RawSql extends Sql {
  script(text: string): Promise<void>
}

/** Life of one transaction: nothing runs after it closed, and nothing commits after a failure that was swallowed. */
export type TransactionState = { open: boolean; failed: boolean }

export const newTransaction = (): TransactionState => ({ open: true, failed: false })

/** Runs one statement of a transaction and keeps its state. Throws when the transaction is already over. */
export async function inTransaction<T>(state: TransactionState, statement: () => Promise<T>): Promise<T> {
  if (!state.open)
    throw new Error('statement after the end of its transaction; await every statement inside the callback')
  try {
    const result = await statement()
    // In an aborted transaction only a rollback (to a savepoint) succeeds, so any success means it is sound again.
    state.failed = false
    return result
  } catch (error) {
    state.failed = true
    throw error
  }
}

/** PostgreSQL answers COMMIT of an aborted transaction with a silent ROLLBACK; here that is an error instead. */
export function assertCommittable(state: TransactionState): void {
  if (state.failed)
    throw new Error('a statement of this transaction failed and its error was swallowed: nothing was saved')
}

/** PostgreSQL type ids whose drivers' readings differ. */
export const INT8 = 20
export const INT8_ARRAY = 1016
export const BYTEA = 17
export const TIMESTAMPTZ = 1184
export const TIMESTAMPTZ_ARRAY = 1185
export const NUMERIC = 1700
export const DATE = 1082

// Every session is set to UTC, so the text always ends in +00; the ISO form takes V8's fast path.
export const readTimestamp = (text: string): Date =>
  fromMillis(Date.parse(text.replace(' ', 'T').replace(/\+00$/, 'Z')))

export const readBytes = (text: string): Uint8Array => Buffer.from(text.slice(2), 'hex')

export const writeBytes = (bytes: Uint8Array): string =>
  `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`

/** One reading of scalars for both drivers. Above 2^53 an int8 loses precision: no column of ours gets there. */
export const readers: Record<number, (text: string) => unknown> = {
  [INT8]: Number,
  [NUMERIC]: Number,
  [DATE]: (text) => text,
  [TIMESTAMPTZ]: readTimestamp,
  [BYTEA]: readBytes,
}

/** Drivers write a Date in the process's zone or refuse it beside text; RFC 3339 UTC means the same to all. */
export function toParameters(values: readonly unknown[]): unknown[] {
  return values.map((value) => (value instanceof Date ? value.toISOString() : value))
}
