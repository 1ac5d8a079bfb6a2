import type { Server } from '../child.ts'
import { openConnection } from '../connection.ts'
import { CONNECTIONS } from '../load.ts'
import { signIn } from '../works.ts'
import type { Check } from './instances.ts'
import type { Subject } from './subject.ts'
import { periodOf } from './tables.ts'
import { withClient } from './with-client.ts'
import type { World } from './world.ts'

type Totals = { calls: number; users: number }

const SIGNERS = 64
const ROUNDS = 16
const READS_A_WORKER = 60
/** Totals that stay the same for so long are complete: servers fold their counts every few seconds. */
const SETTLED_MS = 12_000

/** As `GET /v1/usage` answers, which would count itself. */
const totals = (world: World, period: string): Promise<Totals> =>
  withClient(world.url, async (client) => {
    const { rows } = await client.query<Totals>(
      `select api_calls::int as calls, active_users + (
         select count(*)::int from active_users a where a.tenant_id = $1 and a.period = $2 and not a.folded) as users
       from usage_totals where tenant_id = $1 and period = $2`,
      [world.facts.tenants[0]?.tenantId, period],
    )
    return rows[0] ?? { calls: 0, users: 0 }
  })

async function settled(world: World, period: string): Promise<Totals> {
  let last = await totals(world, period)
  for (let since = performance.now(); performance.now() - since < SETTLED_MS; ) {
    await new Promise((resume) => setTimeout(resume, 500))
    const next = await totals(world, period)
    if (next.calls !== last.calls || next.users !== last.users) since = performance.now()
    last = next
  }
  return last
}

/** Makes users new to the month, whose count keeps them. */
const forget = (world: World, period: string, ids: string[]) =>
  withClient(world.url, (client) =>
    client.query('delete from active_users where tenant_id = $1 and user_id = any($2::uuid[]) and period = $3', [
      world.facts.tenants[0]?.tenantId,
      ids,
      period,
    ]),
  )

/** Reads and sign-ins over both servers at once: every call is counted once, every user once. */
export async function usage(subject: Subject, servers: Server[]): Promise<Check[]> {
  const { world, bearer } = subject
  const passkeys = subject.passkeys.slice(0, SIGNERS)
  const [reads, signIns] = [CONNECTIONS * READS_A_WORKER, CONNECTIONS * ROUNDS]
  const name = `${reads} reads and ${signIns} sign-ins of ${SIGNERS} users, counted as usage`
  if (!subject.paths.includes('/v1/usage')) return [{ name, expected: '', found: '' }]
  const period = periodOf(Date.now())
  const ids = passkeys.map(({ userHandle }) => Buffer.from(userHandle, 'base64url').toString('hex'))
  await forget(world, period, ids)
  const before = await settled(world, period)
  const work = signIn(passkeys, world.made.clientId)
  const run = async (worker: number) => {
    const connection = await openConnection(servers[worker % servers.length]?.port ?? 0)
    for (let turn = 0; turn < ROUNDS; turn++) await work(connection, worker)
    for (let turn = 0; turn < READS_A_WORKER; turn++) {
      await connection.request('GET', '/v1/users/user-1', `authorization: Bearer ${bearer}\r\n`)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, worker) => run(worker)))
  const after = await settled(world, period)
  const text = (calls: number, users: number) => `${calls} calls, ${users} users more`
  return [
    {
      name,
      expected: text(reads + 2 * signIns, SIGNERS),
      found: text(after.calls - before.calls, after.users - before.users),
    },
  ]
}
