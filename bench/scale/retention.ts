import { once } from 'node:events'
import { join } from 'node:path'
import { ensureAuditPartitions } from '../../server/src/platform/partitions.ts'
import { SERVER_CORE, spawnPinned } from '../child.ts'
import type { Postgres } from '../postgres.ts'
import { copy, range } from './copy.ts'
import { whileLoading } from './loading.ts'
import { operations } from './operations.ts'
import { SPAN_DAYS } from './ordinals.ts'
import { pacedLoad, type Sample } from './paced.ts'
import { quantile, short, table } from './report.ts'
import { startSubject } from './subject.ts'
import { auditBetween } from './tables.ts'
import { withClient } from './with-client.ts'
import type { World } from './world.ts'

type Result = { rows: number; months: string[] } | null

const DAY = 86_400_000
/** Milliseconds of load alone, before each run of the job. */
const QUIET_MS = 6000

/** Old enough that no plan keeps it: the longest retention is two years. */
const PAST_DAYS = 800

/** As many rows as any other month has. */
const pastRows = ({ facts: { size } }: World) => Math.floor((size.users * size.auditPerUser * 30) / SPAN_DAYS)

/** Makes a month that nobody keeps any more. */
async function makePastMonth(postgres: Postgres, world: World): Promise<void> {
  const { facts, url } = world
  const old = new Date(facts.size.now - PAST_DAYS * DAY)
  const from = Date.UTC(old.getUTCFullYear(), old.getUTCMonth(), 1)
  const count = pastRows(world)
  const rows = auditBetween(from, from + 28 * DAY, count)
  await whileLoading(postgres, () =>
    withClient(url, async (client) => {
      const sql = { query: async <R>(text: string) => (await client.query(text)).rows as R[] }
      await ensureAuditPartitions(sql, new Date(from + 14 * DAY), 0)
      await copy(client, rows, facts, range(0, count))
      await client.query('analyze audit_logs')
    }),
  )
}

async function runJob(url: string): Promise<{ milliseconds: number; result: Result }> {
  const child = spawnPinned(SERVER_CORE, [process.execPath, join(import.meta.dirname, 'run-retention.ts'), url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return JSON.parse(text.trim().split('\n').at(-1) ?? '')
}

const took = (samples: Sample[]) => samples.map((sample) => sample.took)

/** Rows of the month before `SPAN_DAYS` of a year that all tenants but the large one lose when they keep a year. */
const shorten = (world: World) =>
  withClient(world.url, (client) =>
    client.query(`update accounts set plan = 'scale' where id <> (select account_id from tenants where id = $1)`, [
      world.facts.tenants[0]?.tenantId,
    ]),
  )

const BESIDE = [
  'sign-in, 480 users again and again',
  'get user',
  'audit page: no filter',
  'audit page: from and to, one day',
]

type Case = { name: (result: Result) => string; prepare: () => Promise<unknown>; isMonth: boolean }

const cases = (postgres: Postgres, world: World): Case[] => {
  const month: Case = {
    name: () => `a whole month, ${pastRows(world).toLocaleString('en-US')} rows, dropped`,
    prepare: () => makePastMonth(postgres, world),
    isMonth: true,
  }
  return [
    { name: () => 'nothing due', prepare: async () => {}, isMonth: false },
    month,
    month,
    month,
    {
      name: (result) => `${result?.rows.toLocaleString('en-US')} rows of tenants that keep a year, deleted in batches`,
      prepare: () => shorten(world),
      isMonth: false,
    },
  ]
}

const HEAD = [
  'retention',
  'took ms',
  'limit',
  'p99 ms without',
  'beside',
  'ratio (≤ 2)',
  'slowest without',
  'beside',
  'requests beside',
  'failed',
  '',
]

/**
 * Runs the retention job beside sign-ins, reads and audit pages: when nothing is due, with a month that nobody keeps, and
 * with rows of tenants whose plan keeps less than the month is old.
 * @returns whether a month took at most a second, and p99 beside any run at most doubled
 */
export async function measureRetention(
  postgres: Postgres,
  world: World,
  say: (line: string) => void,
): Promise<boolean> {
  const subject = await startSubject(world)
  const works = operations.filter(({ name }) => BESIDE.includes(name)).map(({ work }) => work(subject))
  const lines: string[][] = []
  try {
    for (const { name, prepare, isMonth } of cases(postgres, world)) {
      await prepare()
      const load = await pacedLoad(subject.server.port, works)
      await new Promise((resume) => setTimeout(resume, QUIET_MS))
      const begun = performance.now()
      const { milliseconds, result } = await runJob(world.url)
      const ended = performance.now()
      await load.stop()
      const [failure] = load.failures
      if (failure) say(`  beside retention: ${load.failures.length} failed, first: ${failure}`)
      // The job's process takes its time to start and to connect; its own work is the end of that.
      const beside = took(load.samples.filter(({ due }) => due >= ended - milliseconds - 100 && due <= ended))
      const before = took(load.samples.filter(({ due }) => due > begun - QUIET_MS + 1000 && due < begun))
      const ratio = quantile(beside, 0.99) / quantile(before, 0.99)
      const isDone = !isMonth || (result?.months.length === 1 && milliseconds <= 1000)
      lines.push([
        name(result),
        short(milliseconds),
        isMonth ? '≤ 1,000' : '',
        ...[quantile(before, 0.99), quantile(beside, 0.99)].map(short),
        `${short(ratio)} ×`,
        ...[Math.max(...before), Math.max(...beside)].map(short),
        String(beside.length),
        String(load.failures.length),
        isDone && ratio <= 2 && !failure ? '' : '**missed**',
      ])
    }
  } finally {
    await subject.server.stop()
  }
  console.log(table(HEAD, lines))
  return lines.every((line) => line.at(-1) === '')
}
