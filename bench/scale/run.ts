import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pinClient } from '../child.ts'
import { type Postgres, startPostgres } from '../postgres.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { measureErasure } from './erasure.ts'
import { measureGrowth } from './growth.ts'
import { checkInstances } from './instances.ts'
import { operations } from './operations.ts'
import type { Size } from './ordinals.ts'
import { bigTables, collectPlans, objections, recording } from './plans.ts'
import { plansPage } from './plans-page.ts'
import { growthTable, isWithin } from './report.ts'
import { measureRetention } from './retention.ts'
import { type Subject, startSubject } from './subject.ts'
import { openWorlds, type World, type WorldName } from './world.ts'

const PARTS = ['growth', 'erasure', 'plans', 'instances', 'retention'] as const

const HELP = `pnpm bench:scale [--scale 20] [--keep /tmp/scale] [--parts growth,plans] [--only get,audit] [--rounds 3] [--seconds 3] [--warm 2]
  --scale     the large database is divided by this; 1 by default: 1 M users, 10 M audit rows
  --keep      folder for the databases: filled when empty, used again when not; without it they are thrown away
  --parts     ${PARTS.join(', ')}; all by default
  --only      operations whose name holds one of these
  --plans     file that takes the query plans; bench/scale/plans.md by default`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    scale: { type: 'string', default: '1' },
    keep: { type: 'string' },
    only: { type: 'string' },
    parts: { type: 'string', default: PARTS.join(',') },
    plans: { type: 'string', default: join(import.meta.dirname, 'plans.md') },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    warm: { type: 'string', default: '2' },
  },
})

const timing = { rounds: Number(values.rounds), seconds: Number(values.seconds), warm: Number(values.warm) }

type Worlds = Record<WorldName, World>
type Surroundings = { postgres: Postgres; log: string; worlds: Worlds }

const say = (line: string) => process.stderr.write(`${line}\n`)
const wanted = operations.filter(({ name }) => values.only?.split(',').some((part) => name.includes(part)) ?? true)

/** Runs a measurement with a server on each database. */
async function onBoth(
  { worlds }: Surroundings,
  measure: (subjects: Record<WorldName, Subject>) => Promise<boolean>,
): Promise<boolean> {
  const small = await startSubject(worlds.small)
  try {
    const large = await startSubject(worlds.large)
    try {
      return await measure({ small, large })
    } finally {
      await large.server.stop()
    }
  } finally {
    await small.server.stop()
  }
}

const growth = (surroundings: Surroundings) =>
  onBoth(surroundings, async (subjects) => {
    const { paths } = subjects.small
    const served = wanted.filter(({ path }) => paths.includes(path))
    const missing = wanted.filter((operation) => !served.includes(operation)).map(({ name }) => name)
    const cells = await measureGrowth(served, subjects, timing, surroundings.postgres.cpuSeconds, say)
    console.log(growthTable(cells, missing))
    return cells.every(isWithin)
  })

const erasure = (surroundings: Surroundings) =>
  onBoth(surroundings, async (subjects) => {
    const cell = await measureErasure(subjects, timing.rounds, surroundings.postgres.cpuSeconds, say)
    console.log(growthTable([cell], []))
    return isWithin(cell)
  })

async function plans({ log, worlds: { large } }: Surroundings): Promise<boolean> {
  const collected = await recording(large, async () => {
    const subject = await startSubject(large, { DATABASE_POOL_SIZE: '1', JOBS: 'off' })
    try {
      return await collectPlans(
        wanted.filter(({ path }) => subject.paths.includes(path)),
        subject,
        log,
      )
    } finally {
      await subject.server.stop()
    }
  })
  const big = await bigTables(large)
  const found = collected.flatMap(({ name, plans: all, failure }) => [
    ...(failure ? [`${name}: ${failure}`] : []),
    ...all.flatMap((plan) => objections(plan, big).map((text) => `${name}: ${text}: ${plan.statement.slice(0, 200)}`)),
  ])
  const rows = large.filled.map((part) => `${part.rows.toLocaleString('en-US')} ${part.table}`).join(', ')
  writeFileSync(values.plans, plansPage(`The large database: ${rows}. The last plan of each statement.`, collected))
  for (const line of found) console.log(`- plan of ${line}`)
  return found.length === 0
}

const instances = ({ worlds: { small } }: Surroundings) => checkInstances(small)

const retention = ({ postgres, worlds: { large } }: Surroundings) => measureRetention(postgres, large, say)

const parts = { growth, erasure, plans, instances, retention } satisfies Record<(typeof PARTS)[number], unknown>

async function main(): Promise<boolean> {
  if (cpus().length < 2) throw new Error('needs two cores: one for the server, one for client and database')
  pinClient()
  const folder = values.keep ?? temporaryFolder('scale')
  const log = join(folder, 'postgres.log')
  mkdirSync(join(folder, 'postgres'), { recursive: true })
  // The account that PostgreSQL runs as has to get to its folder.
  chmodSync(folder, 0o755)
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), log })
  try {
    const now = Date.now()
    const size = (users: number, tenants: number): Size => ({ users, tenants, auditPerUser: 10, now })
    const sizes = { small: size(1000, 1), large: size(1_000_000 / Number(values.scale), 1000) }
    const start = performance.now()
    const worlds = await openWorlds(postgres, folder, sizes, say)
    say(`databases ready after ${((performance.now() - start) / 60_000).toFixed(1)} minutes`)
    const outcomes: boolean[] = []
    for (const name of PARTS.filter((part) => values.parts.split(',').includes(part))) {
      say(name)
      outcomes.push(await parts[name]({ postgres, log, worlds }))
    }
    return outcomes.every(Boolean)
  } finally {
    await postgres.stop()
  }
}

if (values.help) console.log(HELP)
else process.exit((await main()) ? 0 : 1)
