import type { OperationPlans, Plan } from './plans.ts'

const MAX_LINES = 40

const depth = (line: string) => line.search(/\S/)

/** Parts that never ran say nothing: partitions beyond the page. They are counted and left out, with what is below them. */
function withoutIdle(lines: string[]): string[] {
  const kept: string[] = []
  let idle = 0
  let below = Number.POSITIVE_INFINITY
  for (const line of lines) {
    const isNode = line.includes('->')
    if (depth(line) > below) continue
    below = Number.POSITIVE_INFINITY
    if (isNode && line.includes('(never executed)')) {
      idle++
      below = depth(line)
      continue
    }
    kept.push(line)
  }
  return idle === 0 ? kept : [...kept, `(${idle} parts never executed)`]
}

const cut = (lines: string[]) =>
  lines.length <= MAX_LINES ? lines : [...lines.slice(0, MAX_LINES), `(${lines.length - MAX_LINES} further lines)`]

function section({ statement, milliseconds, lines }: Plan): string {
  const shown = cut(
    withoutIdle(lines).map((line) => line.replace(/ \(cost=\S+ rows=(\d+) width=\d+\)/, ' (planned rows=$1)')),
  )
  return ['```', statement.slice(0, 700), `-- ${milliseconds} ms`, ...shown, '```'].join('\n')
}

/** The plans as a document. @param about a sentence on the run */
export const plansPage = (about: string, collected: OperationPlans[]): string =>
  [
    '# Query plans at scale',
    about,
    ...collected.flatMap(({ name, plans, failure }) => [
      `## ${name}`,
      ...plans.map(section),
      ...(failure ? [`**${failure}**`] : []),
    ]),
  ]
    .join('\n\n')
    .concat('\n')
