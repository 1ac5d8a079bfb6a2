import type { Round } from '../load.ts'
import type { Growth } from './growth.ts'
import type { WorldName } from './world.ts'

const sum = (rounds: Round[], pick: (round: Round) => number) => rounds.reduce((total, round) => total + pick(round), 0)
const operations = (rounds: Round[]) => sum(rounds, (round) => round.operations)
const failures = (rounds: Round[]) => sum(rounds, (round) => round.failures.length)

/** @param share 0.5 for the median; milliseconds */
export function quantile(latencies: number[], share: number): number {
  const sorted = Float64Array.from(latencies).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const figures = {
  server: (rounds: Round[]) => (1e6 * sum(rounds, (round) => round.serverCpu)) / operations(rounds),
  database: (rounds: Round[]) => (1e6 * sum(rounds, (round) => round.databaseCpu)) / operations(rounds),
  p50: (rounds: Round[]) =>
    quantile(
      rounds.flatMap((round) => round.latencies),
      0.5,
    ),
}

/** Three significant digits. */
export const short = (value: number): string =>
  Number.isFinite(value) ? Number(value.toPrecision(3)).toLocaleString('en-US') : '–'

export const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const ratio = (rounds: Record<WorldName, Round[]>, figure: (rounds: Round[]) => number) =>
  figure(rounds.large) / figure(rounds.small)

/** Whether an operation stays within its limit and every answer was right. */
export const isWithin = ({ operation, rounds }: Growth): boolean =>
  ratio(rounds, figures.server) <= operation.limit &&
  ratio(rounds, figures.p50) <= operation.limit &&
  failures([...rounds.small, ...rounds.large]) === 0

/** One line an operation, large against small. @param missing operations that are not served yet */
export function growthTable(cells: Growth[], missing: string[]): string {
  const head = [
    'operation',
    'limit',
    'CPU µs, small',
    'large',
    'ratio',
    'p50 ms, small',
    'large',
    'ratio',
    'database CPU µs, small',
    'large',
    'checked',
    'failed',
    '',
  ]
  const rows = cells.map((cell) => {
    const { operation, rounds } = cell
    const both = [...rounds.small, ...rounds.large]
    const pair = (figure: (rounds: Round[]) => number) => [short(figure(rounds.small)), short(figure(rounds.large))]
    return [
      operation.name,
      `≤ ${operation.limit} ×`,
      ...pair(figures.server),
      `${short(ratio(rounds, figures.server))} ×`,
      ...pair(figures.p50),
      `${short(ratio(rounds, figures.p50))} ×`,
      ...pair(figures.database),
      operations(both).toLocaleString('en-US'),
      String(failures(both)),
      isWithin(cell) ? '' : '**missed**',
    ]
  })
  const none = missing.map((name) => [name, ...new Array<string>(head.length - 2).fill(''), 'not served yet'])
  return table(head, [...rows, ...none])
}
