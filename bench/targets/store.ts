import { PGlite, protocol } from '@electric-sql/pglite'
import pg from 'pg'
import { options } from './options.ts'

export type Row = Record<string, unknown>

export type Store = {
  migrate: (sql: string) => Promise<void>
  /** Runs one statement, prepared once under its name. */
  run: (name: string, text: string, values: unknown[]) => Promise<Row[]>
}

const POOL_SIZE = 10

function openPool(): Store {
  const pool = new pg.Pool({ connectionString: options.database, max: POOL_SIZE })
  return {
    migrate: async (sql) => void (await pool.query(sql)),
    run: async (name, text, values) => (await pool.query<Row>({ name, text, values })).rows,
  }
}

type Column = { name: string; read: (text: string) => unknown }

const { serialize } = protocol
const READERS: Record<number, (text: string) => unknown> = {
  17: (text) => Buffer.from(text.slice(2), 'hex'), // bytea
  1184: (text) => new Date(text), // timestamptz
  3802: (text) => JSON.parse(text), // jsonb
}

const toText = (value: unknown) =>
  value instanceof Uint8Array
    ? `\\x${Buffer.from(value).toString('hex')}`
    : value instanceof Date
      ? value.toISOString()
      : String(value)

/**
 * The embedded engine on disk, spoken to in the wire protocol: a statement is parsed and described once under its name,
 * then each run is one buffer of bind, execute and sync. Its own `query` parses and describes every time, in five
 * crossings into the engine, at three times the cost.
 */
async function openEmbedded(): Promise<Store> {
  const lite = await PGlite.create(options.database)
  const prepared = new Map<string, Promise<Column[]>>()

  const send = (parts: Uint8Array[]) =>
    lite.runExclusive(() => lite.execProtocol(Buffer.concat([...parts, serialize.sync()])))
  const prepare = async (name: string, text: string): Promise<Column[]> => {
    const { messages } = await send([serialize.parse({ name, text }), serialize.describe({ type: 'S', name })])
    const description = messages.find((message) => message.name === 'rowDescription') as
      | { fields?: { name: string; dataTypeID: number }[] }
      | undefined
    return (description?.fields ?? []).map((field) => ({
      name: field.name,
      read: READERS[field.dataTypeID] ?? ((text) => text),
    }))
  }

  return {
    migrate: async (sql) => void (await lite.exec(sql)),
    async run(name, text, values) {
      let columns = prepared.get(name)
      if (!columns) {
        columns = prepare(name, text)
        prepared.set(name, columns)
      }
      const described = await columns
      const { messages } = await send([
        serialize.bind({ statement: name, values: values.map(toText) }),
        serialize.execute({}),
      ])
      const rows = messages.filter((message) => message.name === 'dataRow') as unknown as {
        fields: (string | null)[]
      }[]
      return rows.map(({ fields }) =>
        Object.fromEntries(
          described.map((column, index) => [column.name, fields[index] == null ? null : column.read(fields[index])]),
        ),
      )
    },
  }
}

/** A raw driver on PostgreSQL, or the embedded engine on disk. */
export const openStore = async (): Promise<Store> => (options.store === 'pg' ? openPool() : openEmbedded())
