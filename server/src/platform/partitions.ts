import type { Database } from './db.ts'
import type { Sql } from './sql.ts'
import { fromMillis } from './time.ts'

/** Any number, the same in every instance. */
const PARTITION_LOCK = 72707370
const DAY = 24 * 60 * 60 * 1000

/**
 * The smallest UUIDv7 of a moment (RFC 9562 §5.7: 48 bits of Unix milliseconds first). Ids minted at or after `date` are
 * not below it, so `id >= bound(from) and id < bound(to)` filters by time, and prunes partitions.
 */
export function uuidV7LowerBound(date: Date): string {
  const millis = date.getTime()
  if (!(millis >= 0 && millis < 2 ** 48)) throw new RangeError('a UUIDv7 counts from 1970 on')
  const hex = millis.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

type Month = { table: string; from: string; to: string }

function month(first: Date, offset: number): Month {
  const start = (plus: number): Date => fromMillis(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + plus, 1))
  const name = start(offset).toISOString().slice(0, 7).replace('-', '_')
  return { table: `audit_logs_${name}`, from: uuidV7LowerBound(start(offset)), to: uuidV7LowerBound(start(offset + 1)) }
}

// Made beside the table and attached: that takes a lock which lets inserts through, `partition of` would not (PostgreSQL
// manual, ALTER TABLE … ATTACH PARTITION).
const create = ({ table, from, to }: Month): string => `
  if to_regclass('${table}') is null then
    create table ${table} (like audit_logs including all);
    alter table audit_logs attach partition ${table} for values from ('${from}') to ('${to}');
  end if;`

/**
 * Makes the month partitions of `audit_logs` from the month of `now` to `monthsAhead` after it (UTC), and the month
 * before on its last day's account: another instance's clock may be behind. One query when all exist; safe on several
 * instances at once. Runs at start, after the migrations, and by a job.
 * @returns names of the partitions that were missing
 */
export async function ensureAuditPartitions(sql: Sql, now: Date, monthsAhead = 3): Promise<string[]> {
  const yesterday = fromMillis(now.getTime() - DAY)
  const first = yesterday.getUTCMonth() === now.getUTCMonth() ? 0 : -1
  const months = Array.from({ length: monthsAhead - first + 1 }, (_, index) => month(now, first + index))
  const rows = await sql.query<{ name: string }>(
    `select c.relname::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'audit_logs'::regclass`,
  )
  const present = new Set(rows.map(({ name }) => name))
  const missing = months.filter(({ table }) => !present.has(table))
  if (missing.length === 0) return []
  // One statement, hence one transaction on every kind of handle. Names and bounds are our own digits.
  await sql.query(`do $$ begin perform pg_advisory_xact_lock(${PARTITION_LOCK});${missing.map(create).join('')} end $$`)
  return missing.map(({ table }) => table)
}

/** Any other number: dropping must not keep a starting instance waiting. */
const DROP_LOCK = 72707371
/** Says in the catalog that a month is on its way out: one that an operator took out to keep is nobody's to drop. */
const LEAVING = 'past its retention'

/** A month of the audit log. `to` is exclusive. `leaving`: dropping it was begun and interrupted. */
export type AuditMonth = { table: string; from: Date; to: Date; attached: boolean; leaving: boolean }

/** The months there are, oldest first; those that are detached only while they are leaving. */
export async function listAuditMonths(sql: Sql): Promise<AuditMonth[]> {
  const rows = await sql.query<{ name: string; pending: boolean | null; note: string | null }>(
    `select c.relname::text as name, i.inhdetachpending as pending, obj_description(c.oid, 'pg_class') as note
     from pg_class c left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = 'audit_logs'::regclass
     where c.relkind = 'r' and c.relname ~ '^audit_logs_[0-9]{4}_[0-9]{2}$'
       and c.relnamespace = (select relnamespace from pg_class where oid = 'audit_logs'::regclass)
     order by c.relname`,
  )
  return rows.flatMap(({ name, pending, note }) => {
    const [year, number] = name.slice('audit_logs_'.length).split('_').map(Number) as [number, number]
    const first = (plus: number): Date => fromMillis(Date.UTC(year, number - 1 + plus, 1))
    const [attached, leaving] = [pending === false, note === LEAVING && pending !== false]
    return attached || leaving ? [{ table: name, from: first(0), to: first(1), attached, leaving }] : []
  })
}

type State = 'gone' | 'detached' | 'leaving' | 'attached'

async function stateOf(sql: Sql, table: string): Promise<State> {
  const [row] = await sql.query<{ pending: boolean | null }>(
    `select i.inhdetachpending as pending from pg_class c
     left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = 'audit_logs'::regclass
     where c.oid = to_regclass($1)`,
    [table],
  )
  if (!row) return 'gone'
  if (row.pending === null) return 'detached'
  return row.pending ? 'leaving' : 'attached'
}

/** The single connection of the embedded engine: nobody is kept waiting but for the time it takes. */
async function dropAtOnce(sql: Sql, table: string): Promise<boolean> {
  const state = await stateOf(sql, table)
  if (state === 'gone') return false
  if (state !== 'detached') await sql.query(`alter table audit_logs detach partition ${table}`)
  await sql.query(`drop table ${table}`)
  return true
}

/** Each statement is a transaction of its own, and wherever this ends the next call goes on. */
async function dropConcurrently(sql: Sql, table: string): Promise<boolean> {
  const state = await stateOf(sql, table)
  if (state === 'gone') return false
  if (state === 'attached') {
    await sql.query(`comment on table ${table} is '${LEAVING}'`)
    await sql.query(`alter table audit_logs detach partition ${table} concurrently`)
  }
  if (state === 'leaving') await sql.query(`alter table audit_logs detach partition ${table} finalize`)
  await sql.query(`drop table ${table}`)
  return true
}

/**
 * Takes months out of the audit log and drops them, one after the other. On PostgreSQL a partition is detached
 * concurrently, which waits for the transactions that use the table but keeps none waiting. That takes statements outside
 * any transaction, so one on another connection holds the lock that lets a single instance do it.
 * @returns what was dropped; nothing when another instance is at it
 * @throws when a reader is waited for too long; the next call goes on
 */
export async function dropAuditMonths(database: Database, tables: readonly string[]): Promise<string[]> {
  const dropped: string[] = []
  if (tables.length === 0) return dropped
  await database.rawTransaction(async (guard) => {
    for (const table of tables) {
      // Asked again for each: an idle transaction would be ended by its time-out.
      const [lock] = await guard.query<{ held: boolean }>(`select pg_try_advisory_xact_lock(${DROP_LOCK}) as held`)
      if (!lock?.held) return
      // A prepared statement's portal keeps its snapshot, which finishing a detached partition would wait for; this ends it.
      await guard.script('select 1')
      const isEmbedded = database.engine === 'pglite'
      if (await (isEmbedded ? dropAtOnce(guard, table) : dropConcurrently(database.sql, table))) dropped.push(table)
    }
  })
  return dropped
}
