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
