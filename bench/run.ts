import { once } from 'node:events'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { pinClient, SERVER_CORE, spawnPinned } from './child.ts'
import { drive } from './load.ts'
import { startPostgres } from './postgres.ts'
import { residentMegabytes } from './process-usage.ts'
import { type Cell, type MicroFigure, microTable, type Start, startTable, workTable } from './report.ts'
import { ROW_NAMES } from './rows.ts'
import { peers, type RowName, type Starter, type Surroundings, type Target } from './targets.ts'
import { ours } from './trymellon.ts'

const HELP = `pnpm bench [--quick] [--rows ceremony,token] [--targets better-auth,floor] [--runs 2] [--rounds 3] [--seconds 4] [--warm 5]
  --quick     one run, 2 rounds of 1 s, 1 s of warming
  --rows      ${ROW_NAMES.join(', ')}, micro; all by default
  --targets   beginnings of server names, separated by commas; all by default`

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    help: { type: 'boolean' },
    rows: { type: 'string' },
    targets: { type: 'string' },
    runs: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    warm: { type: 'string' },
  },
})
const quick = values.quick === true
const number = (text: string | undefined, quickly: number, fully: number) => Number(text ?? (quick ? quickly : fully))
const [runs, rounds] = [number(values.runs, 1, 2), number(values.rounds, 2, 3)]
const [seconds, warm] = [number(values.seconds, 1, 4), number(values.warm, 1, 5)]
const wantedRows = values.rows?.split(',') ?? [...ROW_NAMES, 'micro']
const wantedTargets = values.targets?.split(',').map((text) => text.trim())

const isWanted = (starter: Starter) =>
  starter.rows.some((row) => wantedRows.includes(row)) &&
  (wantedTargets?.some((start) => starter.name.startsWith(start)) ?? true)

const missing: string[] = []
const say = (line: string) => process.stderr.write(`${line}\n`)

/** Starts what is wanted; a server that does not start is named, left out, and makes the exit code 1. */
async function startAll(surroundings: Surroundings, targets: Target[]): Promise<void> {
  for (const starter of [...peers, ...ours].filter(isWanted)) {
    try {
      targets.push(await starter.start(surroundings))
      say(`  ready: ${starter.name}`)
    } catch (error) {
      missing.push(starter.name)
      say(`  ${starter.name} did not start: ${error}`)
    }
  }
}

const databaseCpu = ({ postgres }: Surroundings, target: Target) =>
  target.onPostgres ? postgres.cpuSeconds : undefined

/** All rows in alternated rounds: every round visits every server once, each second round in reverse. */
async function measure(run: number, targets: Target[], surroundings: Surroundings): Promise<Cell[]> {
  const cells: Cell[] = targets.flatMap((target) =>
    (Object.keys(target.works) as RowName[])
      .filter((row) => wantedRows.includes(row))
      .map((row) => ({ run, row, target: target.name, onPostgres: target.onPostgres, rounds: [] })),
  )
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? '  warming' : `  round ${round} of ${rounds}`)
    for (const cell of round % 2 === 0 ? cells : cells.toReversed()) {
      const target = targets.find(({ name }) => name === cell.target)
      const work = target?.works[cell.row]
      if (!target || !work) continue
      const result = await drive(target, work, round === 0 ? warm : seconds, databaseCpu(surroundings, target))
      if (result.failures.length > 0)
        say(`  ${cell.target}, ${cell.row}: ${result.failures.length} failed, first: ${result.failures[0]}`)
      if (round > 0) cell.rounds.push(result)
    }
  }
  return cells
}

async function measureChecks(): Promise<MicroFigure[]> {
  const child = spawnPinned(SERVER_CORE, [process.execPath, `${import.meta.dirname}/micro.ts`, quick ? '0.3' : '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return JSON.parse(text)
}

async function oneRun(run: number, cells: Cell[], starts: Start[]): Promise<void> {
  say(`run ${run} of ${runs}`)
  const rows = ROW_NAMES.filter((row) => wantedRows.includes(row))
  const surroundings: Surroundings = { postgres: await startPostgres(), nodeFlags: [], rows }
  const targets: Target[] = []
  try {
    await startAll(surroundings, targets)
    cells.push(...(await measure(run, targets, surroundings)))
    for (const { name, pid, firstReadyMs, readyMs, readyMegabytes } of targets) {
      starts.push({ run, target: name, firstReadyMs, readyMs, readyMegabytes, endMegabytes: residentMegabytes(pid) })
    }
  } finally {
    for (const target of targets) await target.stop()
    await surroundings.postgres.stop()
  }
}

async function main(): Promise<number> {
  if (cpus().length < 2) throw new Error('needs two cores: one for the server, one for client and database')
  pinClient()
  const [cells, starts, checks]: [Cell[], Start[], MicroFigure[][]] = [[], [], []]
  for (let run = 1; run <= runs; run++) {
    if (wantedRows.some((row) => row !== 'micro')) await oneRun(run, cells, starts)
    if (wantedRows.includes('micro')) checks.push(await measureChecks())
  }
  const tables = [
    cells.length > 0 && workTable(cells),
    starts.length > 0 && startTable(starts),
    checks.length > 0 && microTable(checks),
  ]
  console.log(tables.filter(Boolean).join('\n\n'))
  const failed = cells.some((cell) => cell.rounds.some((round) => round.failures.length > 0))
  if (missing.length > 0) say(`did not start: ${missing.join(' · ')}`)
  return failed || missing.length > 0 ? 1 : 0
}

if (values.help) console.log(HELP)
else process.exit(await main())
