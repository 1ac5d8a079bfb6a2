import { type Connection, openConnection } from '../connection.ts'
import type { Round } from '../load.ts'
import { cpuSeconds } from '../process-usage.ts'
import { copy } from './copy.ts'
import type { Growth } from './growth.ts'
import * as of from './ordinals.ts'
import { quietUsers, type Subject } from './subject.ts'
import { auditLap, userTables } from './tables.ts'
import { withClient } from './with-client.ts'
import type { World, WorldName } from './world.ts'

/** Users erased in a round, and connections that do it. */
const VICTIMS = 200
const CONNECTIONS = 4
const MAX_FAILURES = 20

const victims = (world: World) => quietUsers(world, VICTIMS)

/** Erases one user, whose answer is 204 without a body. */
export async function erase({ bearer }: Subject, connection: Connection, n: number): Promise<void> {
  const answer = await connection.request(
    'DELETE',
    `/v1/users/${of.userName(n)}`,
    `authorization: Bearer ${bearer}\r\n`,
  )
  if (answer.status !== 204) throw new Error(`${answer.status} instead of 204: ${answer.body.slice(0, 300)}`)
}

/** Puts the erased among these users back with everything they had: the next round meets the same. */
export async function putBack({ url, facts }: World, ordinals: number[]): Promise<void> {
  const laps = Array.from({ length: facts.size.auditPerUser }, (_, k) => auditLap(k))
  await withClient(url, async (client) => {
    const ids = ordinals.map((n) => of.userId(facts.size, n))
    const { rows } = await client.query('select id from users where id = any($1::uuid[])', [ids])
    const there = new Set(rows.map(({ id }) => id))
    const gone = ordinals.filter((n) => !there.has(of.userId(facts.size, n)))
    const tenantId = facts.tenants[0]?.tenantId
    // Denials of others outlive the user they were about.
    const trail = laps.flatMap((lap) => gone.flatMap((n) => lap.rows(facts, n).map(([, id]) => id)))
    await client.query('delete from audit_logs where tenant_id = $1 and id = any($2::uuid[])', [tenantId, trail])
    for (const table of [...userTables, ...laps]) await copy(client, table, facts, gone)
    const values = [gone.length, tenantId]
    await client.query('update tenants set user_count = user_count + $1 where id = $2', values)
  })
}

async function eraseAll(subject: Subject, ordinals: number[], databaseCpu: () => number): Promise<Round> {
  const { pid, port } = subject.server
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(port)))
  const latencies: number[] = []
  const failures: string[] = []
  const left = [...ordinals]
  const [serverBefore, databaseBefore, start] = [cpuSeconds(pid), databaseCpu(), performance.now()]
  const run = async (connection: Connection) => {
    for (let n = left.pop(); n !== undefined && failures.length < MAX_FAILURES; n = left.pop()) {
      const before = performance.now()
      try {
        await erase(subject, connection, n)
        latencies.push(performance.now() - before)
      } catch (error) {
        failures.push(String(error))
      }
    }
  }
  await Promise.all(connections.map(run))
  const round: Round = {
    operations: latencies.length,
    failures,
    seconds: (performance.now() - start) / 1000,
    serverCpu: cpuSeconds(pid) - serverBefore,
    databaseCpu: databaseCpu() - databaseBefore,
    latencies,
  }
  for (const connection of connections) connection.close()
  return round
}

/** Erases the same number of alike users from both databases in alternation, after a round that is not counted. */
export async function measureErasure(
  subjects: Record<WorldName, Subject>,
  rounds: number,
  databaseCpu: () => number,
  say: (line: string) => void,
): Promise<Growth> {
  const measured: Growth['rounds'] = { small: [], large: [] }
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? (['small', 'large'] as const) : (['large', 'small'] as const)) {
      const subject = subjects[name]
      const ordinals = victims(subject.world)
      const result = await eraseAll(subject, ordinals, databaseCpu)
      const [failure] = result.failures
      if (failure) say(`  erasure, ${name}: ${result.failures.length} failed, first: ${failure}`)
      await putBack(subject.world, ordinals)
      if (round > 0) measured[name].push(result)
    }
  }
  return { operation: { name: 'erase one user', limit: 1.2 }, rounds: measured }
}
