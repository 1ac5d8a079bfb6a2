import { beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../test/database.ts'
import type { Sql } from '../platform/sql.ts'
import { tracedTables, userTables } from '../users/remove.ts'
import { type Part, parts, profile } from './parts.ts'

/** Tables without anything about an end user, and what they are. */
const ofOthers: Record<string, string> = {
  _prisma_migrations: 'migrations',
  accounts: "the customer's plan",
  authorization_codes: 'consents of people of the customer; gone a minute after',
  refresh_tokens: "the customer's credentials",
  registered_clients: 'programs that registered themselves',
  address_proofs: 'mailboxes of people of the customer; gone a day after',
  agent_registrations: 'mailboxes of people who work with the customer; gone a day after',
  agents: "the customer's programs",
  device_requests: "the customer's programs on their way in; gone a day after",
  invitations: 'mailboxes of people whom the customer invites; gone a month after',
  mails: 'written to people of the customer; gone once sent',
  members: 'people of the customer',
  operators: 'people who run the server',
  revoked_tokens: "the customer's credentials",
  secret_key_versions: "the customer's credentials",
  secret_keys: "the customer's credentials",
  applications: "the customer's product; `settings` are its own",
  client_secrets: "the customer's credentials",
  signing_keys: "the server's keys",
  tenants: 'the customer; `user_count` is a number',
  tombstones: "hashes of the customer's secrets",
  usage_folds: 'instances of the server',
  usage_totals: 'numbers',
  webhook_secrets: "the customer's credentials",
}

/** Tables that are erased and not reported, and why. */
const notReported: Record<string, string> = {
  directory: 'leads from an RP ID and an authenticator’s id to the passkey, all of which `credentials` shows',
  rate_limits: 'counters under ids that `user` and `sessions` show; they end within a day',
}

/** JSON of `ofOthers`: it could hold anything, so somebody has looked. */
const jsonOfOthers = ['applications.settings', 'registered_clients.metadata', 'signing_keys.public_jwk']

const erased = [...Object.keys(userTables), ...tracedTables].sort()
const reported: (Omit<Part, 'where'> & { where?: readonly string[] })[] = [profile, ...Object.values(parts)]

type Column = { table: string; name: string; type: string }

const columnsOf = (sql: Sql): Promise<Column[]> =>
  sql.query<Column>(
    `select k.relname::text as table, a.attname::text as name, format_type(a.atttypid, null) as type
     from pg_class k join pg_attribute a on a.attrelid = k.oid and a.attnum > 0 and not a.attisdropped
     where k.relnamespace = 'public'::regnamespace and k.relkind in ('r', 'p') and not k.relispartition
     order by 1, a.attnum`,
  )

/** What the lists here and in the product say wrong about the schema. */
function objections(columns: readonly Column[]): string[] {
  const tables = [...new Set(columns.map(({ table }) => table))]
  const named = columns.filter(({ name }) => /user_id|subject|(?:^|_)email(?:_|$)|identifier/.test(name))
  const json = columns.filter(({ type, table }) => /json/.test(type) && table in ofOthers)
  return [
    ...tables
      .filter((table) => !erased.includes(table) && !(table in ofOthers))
      .map((table) => `${table}: neither erased with a user nor listed as being about others`),
    ...named.filter(({ table }) => table in ofOthers).map(({ table, name }) => `${table}.${name}: names a user`),
    ...json
      .map(({ table, name }) => `${table}.${name}`)
      .filter((path) => !jsonOfOthers.includes(path))
      .map((path) => `${path}: JSON that nobody has looked into`),
    ...erased
      .filter((table) => !(table in notReported) && !reported.some((part) => part.table === table))
      .map((table) => `${table}: erased with a user but not in the report`),
    ...[...erased, ...Object.keys(ofOthers)]
      .filter((table) => !tables.includes(table))
      .map((table) => `${table}: no table`),
  ]
}

/** Columns of a reported table that are neither shown nor left out for a reason, or listed and not there. */
function gaps(columns: readonly Column[], { table, shows, leftOut, where = [] }: (typeof reported)[number]): string[] {
  const used = Object.values(shows).join(' ')
  const isUsed = (name: string) => new RegExp(`\\bt\\.${name}\\b`).test(used)
  const there = columns.filter((column) => column.table === table).map(({ name }) => name)
  return [
    ...there.filter((name) => !isUsed(name) && !(name in leftOut)).map((name) => `${table}.${name}: not in the report`),
    ...Object.keys(leftOut)
      .filter((name) => !there.includes(name) || isUsed(name))
      .map((name) => `${table}.${name}: is not left out`),
    ...(table in userTables && where.length === 0 ? [`${table}: no rows`] : []),
  ]
}

describe('security 234, 235: the schema', () => {
  let sql: Sql
  beforeAll(async () => {
    ;({ sql } = await testDatabase())
  })

  it('has no table with data of users that is missing in the report or in the erasure', async () => {
    expect(objections(await columnsOf(sql))).toEqual([])
  })

  it('has no column in a reported table that is silently left out', async () => {
    const columns = await columnsOf(sql)
    expect(reported.flatMap((part) => gaps(columns, part))).toEqual([])
  })

  it('is told apart from one with a new table, a new column or a new JSON', async () => {
    try {
      await sql.query('create table trial (tenant_id text, user_id uuid)')
      await sql.query('alter table sessions add column trial text')
      await sql.query('alter table tenants add column trial_email text, add column trial_notes jsonb')
      const columns = await columnsOf(sql)
      expect([...objections(columns), ...reported.flatMap((part) => gaps(columns, part))]).toEqual([
        'trial: neither erased with a user nor listed as being about others',
        'tenants.trial_email: names a user',
        'tenants.trial_notes: JSON that nobody has looked into',
        'sessions.trial: not in the report',
      ])
    } finally {
      await sql.query('drop table if exists trial')
      await sql.query('alter table sessions drop column if exists trial')
      await sql.query('alter table tenants drop column if exists trial_email, drop column if exists trial_notes')
    }
  })
})
