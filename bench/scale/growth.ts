import { drive, type Round } from '../load.ts'
import type { Operation } from './operations.ts'
import type { Subject } from './subject.ts'
import type { WorldName } from './world.ts'

/** The rounds of one operation on both databases. */
export type Growth = { operation: Pick<Operation, 'name' | 'limit'>; rounds: Record<WorldName, Round[]> }

export type Timing = { rounds: number; seconds: number; warm: number }

/**
 * Measures every operation on the small and the large database in alternation: each round visits each operation twice,
 * every second round in reverse.
 */
export async function measureGrowth(
  operations: Operation[],
  subjects: Record<WorldName, Subject>,
  { rounds, seconds, warm }: Timing,
  databaseCpu: () => number,
  say: (line: string) => void,
): Promise<Growth[]> {
  const cells = operations.map((operation) => ({
    operation,
    rounds: { small: [] as Round[], large: [] as Round[] },
    works: { small: operation.work(subjects.small), large: operation.work(subjects.large) },
  }))
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? '  warming' : `  round ${round} of ${rounds}`)
    for (const cell of cells) {
      const order: WorldName[] = round % 2 === 0 ? ['small', 'large'] : ['large', 'small']
      for (const name of order) {
        const result = await drive(subjects[name].server, cell.works[name], round === 0 ? warm : seconds, databaseCpu)
        const [failure] = result.failures
        if (failure) say(`  ${cell.operation.name}, ${name}: ${result.failures.length} failed, first: ${failure}`)
        if (round > 0) cell.rounds[name].push(result)
      }
    }
  }
  return cells.map(({ operation, rounds: both }) => ({ operation, rounds: both }))
}
