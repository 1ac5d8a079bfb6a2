import type { Round } from './load.ts'
import { COMPARISONS, ROW_NAMES, TITLES } from './rows.ts'
import type { RowName } from './targets.ts'

/** All rounds of one server in one row of one run. */
export type Cell = { run: number; row: RowName; target: string; onPostgres: boolean; rounds: Round[] }

/** One start of one server, and its memory then and at the end of the run. */
export type Start = {
  run: number
  target: string
  firstReadyMs?: number
  readyMs: number
  readyMegabytes: number
  endMegabytes: number
}

const sum = (rounds: Round[], pick: (round: Round) => number) => rounds.reduce((total, round) => total + pick(round), 0)
const operations = (cell: Cell) => sum(cell.rounds, (round) => round.operations)
const perCpuSecond = (cell: Cell) => operations(cell) / sum(cell.rounds, (round) => round.serverCpu)

/** Three significant digits, with thousands separated. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const rounded = Number(value.toPrecision(3))
  return rounded >= 1000 ? rounded.toLocaleString('en-US') : String(rounded)
}

function quantile(cell: Cell, share: number): number {
  const sorted = Float64Array.from(cell.rounds.flatMap((round) => round.latencies)).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/** The figure of each run, in order, as `run 1 / run 2`. */
const eachRun = (cells: Cell[], figure: (cell: Cell) => number) => cells.map((cell) => short(figure(cell))).join(' / ')

function of(cells: Cell[], row: RowName, target: string): Cell[] {
  return cells.filter((cell) => cell.row === row && cell.target === target)
}

function ratios(cells: Cell[], row: RowName, target: string): string {
  const wanted = COMPARISONS.filter((comparison) => comparison.row === row && comparison.of === target)
  return wanted
    .flatMap(({ to, atLeast }) => {
      const base = of(cells, row, to)
      if (base.length === 0) return []
      const each = of(cells, row, target).map((cell, index) =>
        short(perCpuSecond(cell) / perCpuSecond(base[index] ?? cell)),
      )
      return `${each.join(' / ')} × ${to}${atLeast === undefined ? '' : ` (target ${atLeast})`}`
    })
    .join('; ')
}

/** The main table: work per server CPU-second, with what is printed beside it. */
export function workTable(cells: Cell[]): string {
  const groups = ROW_NAMES.flatMap((row) => {
    const names = [...new Set(cells.filter((cell) => cell.row === row).map((cell) => cell.target))]
    return names.map((target) => ({ row, target, runs: of(cells, row, target) }))
  })
  const head = [
    'work',
    'server',
    'per server CPU-second',
    'CPU µs',
    'ratio',
    'wall per second',
    'p50 ms',
    'p99 ms',
    'database CPU µs',
    'checked',
    'failed',
  ]
  return table(
    head,
    groups.map(({ row, target, runs }) => [
      TITLES[row],
      target,
      eachRun(runs, perCpuSecond),
      eachRun(runs, (cell) => 1e6 / perCpuSecond(cell)),
      ratios(cells, row, target),
      eachRun(runs, (cell) => operations(cell) / sum(cell.rounds, (round) => round.seconds)),
      eachRun(runs, (cell) => quantile(cell, 0.5)),
      eachRun(runs, (cell) => quantile(cell, 0.99)),
      runs[0]?.onPostgres
        ? eachRun(runs, (cell) => (1e6 * sum(cell.rounds, (round) => round.databaseCpu)) / operations(cell))
        : '',
      runs.map((cell) => operations(cell).toLocaleString('en-US')).join(' / '),
      runs.map((cell) => String(sum(cell.rounds, (round) => round.failures.length))).join(' / '),
    ]),
  )
}

/** Ready time and memory. */
export function startTable(starts: Start[]): string {
  const names = [...new Set(starts.map((start) => start.target))]
  return table(
    ['server', 'ready on an empty database, ms', 'ready again, ms', 'RSS when ready, MB', 'RSS at the end, MB'],
    names.map((name) => {
      const runs = starts.filter((start) => start.target === name)
      const each = (figure: (start: Start) => number) => runs.map((start) => short(figure(start))).join(' / ')
      const again = runs[0]?.firstReadyMs !== undefined
      return [
        name,
        each((start) => start.firstReadyMs ?? start.readyMs),
        again ? each((start) => start.readyMs) : '',
        each((start) => start.readyMegabytes),
        each((start) => start.endMegabytes),
      ]
    }),
  )
}

export type MicroFigure = { name: string; microseconds: number; ratio: number; target?: string }

export function microTable(runs: MicroFigure[][]): string {
  const [first = []] = runs
  const each = (index: number, figure: (micro: MicroFigure) => number) =>
    runs.map((run) => (run[index] ? short(figure(run[index])) : '–')).join(' / ')
  return table(
    ['check', 'CPU µs', 'against raw verify', 'target'],
    first.map((micro, index) => [
      micro.name,
      each(index, ({ microseconds }) => microseconds),
      each(index, ({ ratio }) => ratio),
      micro.target ?? '',
    ]),
  )
}
