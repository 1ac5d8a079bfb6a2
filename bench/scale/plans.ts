import { readFileSync, statSync } from 'node:fs'
import { openConnection } from '../connection.ts'
import type { Work } from '../load.ts'
import { erase, putBack } from './erasure.ts'
import type { Operation } from './operations.ts'
import { quietUsers, type Subject } from './subject.ts'
import { withClient } from './with-client.ts'
import type { World } from './world.ts'

/** One statement of the product with the plan that its own connection took for it. */
export type Plan = { statement: string; milliseconds: number; lines: string[] }

export type OperationPlans = { name: string; plans: Plan[]; failure?: string }

/** Often enough for PostgreSQL to settle on a plan for every prepared statement: it plans the first five times anew. */
const TIMES = 12

/** Rows from which on a table counts as big: reading all of a smaller one is what a planner should do. */
const BIG = 2000

/** Rows that a statement may read and throw away. */
const WASTED = 2000

/** Server-side recording of plans, for connections of one database that begin after it: the product knows nothing of it. */
const RECORDING = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_buffers': 'on',
  'auto_explain.log_timing': 'off',
  log_min_messages: 'log',
}

/** Has PostgreSQL record the plan of every statement on a world while `work` runs, which has to connect anew. */
export async function recording<T>({ url }: World, work: () => Promise<T>): Promise<T> {
  const name = new URL(url).pathname.slice(1)
  await withClient(url, async (client) => {
    for (const [setting, value] of Object.entries(RECORDING)) {
      await client.query(`alter database ${name} set ${setting} = '${value}'`)
    }
  })
  try {
    return await work()
  } finally {
    await withClient(url, (client) => client.query(`alter database ${name} reset all`))
  }
}

/** Entries of a log begin at the left, and go on in lines that begin with a tab. */
const entries = (log: string) => log.split(/\n(?!\t)/)

function planOf(entry: string): Plan | null {
  const [head = '', ...lines] = entry.split('\n').map((line) => line.replace(/^\t/, ''))
  const milliseconds = /duration: ([\d.]+) ms {2}plan:/.exec(head)?.[1]
  if (milliseconds === undefined) return null
  // The statement may go over several lines; the plan begins with the first node, which states its cost.
  const first = lines.findIndex((line) => /\(cost=/.test(line))
  const statement = lines.slice(0, first).join(' ').replace('Query Text:', '').replace(/\s+/g, ' ').trim()
  return { statement, milliseconds: Number(milliseconds), lines: lines.slice(first) }
}

/** Neither transactions nor the bus, which sends now and then on its own account. */
const isWork = ({ statement }: Plan) =>
  /^(with|select|insert|update|delete|\/\*)/i.test(statement) &&
  !statement.startsWith('select pg_notify') &&
  !statement.includes('pgboss')

/** The last plan of each statement in what the log holds from a place on. */
export function plansIn(log: string, from: number): Plan[] {
  const text = readFileSync(log).subarray(from).toString()
  const plans = entries(text).flatMap((entry) => planOf(entry) ?? [])
  return [...new Map(plans.filter(isWork).map((plan) => [plan.statement, plan])).values()]
}

export const lengthOf = (log: string): number => statSync(log).size

const erasure = (subject: Subject): Work => {
  const users = quietUsers(subject.world, TIMES)
  return (connection) => erase(subject, connection, users.pop() ?? 0)
}

/** Runs each operation, and an erasure, a dozen times on a server whose plans are recorded. */
export async function collectPlans(operations: Operation[], subject: Subject, log: string): Promise<OperationPlans[]> {
  const connection = await openConnection(subject.server.port)
  const collected: OperationPlans[] = []
  for (const { name, work } of [...operations, { name: 'erase one user', work: erasure }]) {
    const once = work(subject)
    const from = lengthOf(log)
    try {
      for (let time = 0; time < TIMES; time++) await once(connection, 0)
      collected.push({ name, plans: plansIn(log, from) })
    } catch (error) {
      // A statement that was cancelled has no plan on record; the ones before it do.
      collected.push({ name, plans: plansIn(log, from), failure: String(error) })
    }
  }
  connection.close()
  await putBack(subject.world, quietUsers(subject.world, TIMES))
  return collected
}

/** Names of the tables of a world that hold many rows. */
export const bigTables = ({ url }: World): Promise<Set<string>> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select relname as name from pg_class where relkind in ('r', 'p') and reltuples >= ${BIG}`,
    )
    return new Set(rows.map(({ name }) => name))
  })

const hasRun = (line: string) => !line.includes('(never executed)')

/** What is wrong with a plan: a whole big table or index read, or many rows read for nothing. */
export function objections({ lines }: Plan, big: Set<string>): string[] {
  return lines.flatMap((line, index) => {
    const whole = /Seq Scan on (\w+)/.exec(line)?.[1]
    if (whole && big.has(whole) && hasRun(line)) return [`reads all of ${whole}`]
    const [, indexName, of] = /Index (?:Only )?Scan (?:Backward )?using (\w+) on (\w+)/.exec(line) ?? []
    // From one end until enough rows were found, which for a young tenant may be the other end.
    const isBounded = lines[index + 1]?.includes('Index Cond:')
    if (indexName && of && big.has(of) && hasRun(line) && !isBounded) return [`walks ${indexName} from its end`]
    const wasted = Number(/Rows Removed by (?:Filter|Join Filter|Index Recheck): (\d+)/.exec(line)?.[1] ?? 0)
    return wasted > WASTED ? [`throws away ${wasted} rows`] : []
  })
}
