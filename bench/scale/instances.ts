import { authenticate } from '../authenticator.ts'
import type { Server } from '../child.ts'
import { type Answer, openConnection } from '../connection.ts'
import { token } from '../trymellon.ts'
import { body, SITE } from '../works.ts'
import { table } from './report.ts'
import { raisedLimits, type Subject, startSubject } from './subject.ts'
import { usage } from './usage.ts'
import { withClient } from './with-client.ts'
import { startOn, type World } from './world.ts'

/** What a storm over two servers came to, against what one server alone would have answered. */
export type Check = { name: string; expected: string; found: string }

type Request = { method: string; path: string; head: string; body?: string }

const CONNECTIONS = 16
const JSON_TYPE = 'content-type: application/json\r\n'

/** Sends requests at once over both servers, every other one to the second. */
async function storm(servers: Server[], requests: Request[]): Promise<Answer[]> {
  const answers: Answer[] = []
  const left = requests.map((request, index) => ({ request, index })).reverse()
  const run = async (worker: number) => {
    const connection = await openConnection(servers[worker % servers.length]?.port ?? 0)
    for (let next = left.pop(); next; next = left.pop()) {
      const { method, path, head, body: sent } = next.request
      answers[next.index] = await connection.request(method, path, head, sent)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, worker) => run(worker)))
  return answers
}

/** `200: 300, 429: 500` */
function tally(answers: Answer[]): string {
  const counts = new Map<number, number>()
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')
}

const count = (world: World, text: string, values: unknown[]): Promise<number> =>
  withClient(world.url, async (client) => Number((await client.query(text, values)).rows[0]?.n))

const times = (number: number, request: Request) => Array.from({ length: number }, () => request)

async function limits(world: World): Promise<Check[]> {
  const raised = JSON.parse(raisedLimits())
  // One row that is counted hit by hit, one that is taken from the store in blocks.
  const points = { admin_write: { points: 40, seconds: 3600 }, admin_read: { points: 300, seconds: 3600 } }
  const settings = { RATE_LIMIT_OVERRIDES: JSON.stringify({ ...raised, ...points }) }
  const servers = [await startOn(world, settings), await startOn(world, settings)]
  try {
    const connection = await openConnection(servers[0]?.port ?? 0)
    const head = `authorization: Bearer ${await token(connection, world.made, 'users:read users:write')}\r\n`
    connection.close()
    const written = await storm(servers, times(200, { method: 'DELETE', path: '/v1/users/nobody', head }))
    const read = await storm(servers, times(1000, { method: 'GET', path: '/v1/users/user-1', head }))
    return [
      { name: 'limit of 40, counted one by one, 200 calls', expected: '404: 40, 429: 160', found: tally(written) },
      { name: 'limit of 300, counted in blocks, 1,000 calls', expected: '200: 300, 429: 700', found: tally(read) },
    ]
  } finally {
    for (const server of servers) await server.stop()
    await count(world, 'delete from rate_limits', [])
  }
}

async function idempotency({ world, bearer }: Subject, servers: Server[]): Promise<Check[]> {
  const name = `twin-${Date.now()}`
  const head = `authorization: Bearer ${bearer}\r\n${JSON_TYPE}idempotency-key: ${name}\r\n`
  const sent = JSON.stringify({ external_user_id: name })
  const answers = await storm(servers, times(200, { method: 'POST', path: '/v1/users', head, body: sent }))
  const different = new Set(answers.map((answer) => answer.body)).size
  const users = await count(world, 'select count(*) as n from users where external_user_id = $1', [name])
  const replayed = answers.filter(({ head: lines }) => /\r\nidempotent-replayed: true/i.test(lines)).length
  return [
    {
      name: 'one Idempotency-Key, 200 twins',
      expected: '201: 200, 1 user, 1 answer, 199 replayed',
      found: `${tally(answers)}, ${users} user, ${different} answer, ${replayed} replayed`,
    },
  ]
}

/** Wrong signatures of one passkey, each over a challenge of its own. */
async function lockout(subject: Subject, servers: Server[]): Promise<Check[]> {
  const { world, passkeys } = subject
  const name = '100 wrong signatures of one user'
  if (!subject.paths.includes('/v1/users/{external_user_id}/unlock')) return [{ name, expected: '', found: '' }]
  const passkey = passkeys.at(-1)
  if (!passkey) throw new Error('no passkey')
  const head = `authorization: Bearer ${world.made.clientId}\r\norigin: ${SITE.origin}\r\n${JSON_TYPE}`
  const started = await storm(
    servers,
    times(100, { method: 'POST', path: '/v1/passkeys/auth/start', head, body: '{}' }),
  )
  const finishes = started.map((answer) => {
    const { data } = body<{ data: { session_id: string; challenge: { challenge: string } } }>(answer, 200)
    const credential = authenticate(passkey, data.challenge.challenge, SITE)
    credential.response.signature = Buffer.from('3006020101020101', 'hex').toString('base64url')
    const sent = JSON.stringify({ session_id: data.session_id, credential })
    return { method: 'POST', path: '/v1/passkeys/auth/finish', head, body: sent }
  })
  const locks = () => count(world, `select count(*) as n from audit_logs where event = 'credential.lockout'`, [])
  const before = await locks()
  const answers = await storm(servers, finishes)
  const recorded = (await locks()) - before
  const clear = `update users set soft_failures = 0, soft_since = null, hard_failures = 0, hard_since = null, locked_until = null
    where hard_failures > 0 or soft_failures > 0 or locked_until is not null`
  await withClient(world.url, (client) => client.query(clear))
  return [{ name, expected: '401: 5, 423: 95, 1 lock', found: `${tally(answers)}, ${recorded} lock` }]
}

/** Two server processes on one database, everything that must be counted exactly asked of both at once. */
export async function checkInstances(world: World): Promise<boolean> {
  const checks = await limits(world)
  const subject = await startSubject(world)
  try {
    const second = await startOn(world, { RATE_LIMIT_OVERRIDES: raisedLimits(), JOBS: 'on' })
    try {
      const servers = [subject.server, second]
      for (const check of [idempotency, usage, lockout]) checks.push(...(await check(subject, servers)))
    } finally {
      await second.stop()
    }
  } finally {
    await subject.server.stop()
  }
  const verdict = ({ expected, found }: Check) =>
    expected === '' ? 'not served yet' : expected === found ? '' : '**wrong**'
  const rows = checks.map((check) => [check.name, check.expected, check.found, verdict(check)])
  console.log(table(['two servers, one PostgreSQL', 'exact', 'found', ''], rows))
  return checks.every(({ expected, found }) => expected === found)
}
