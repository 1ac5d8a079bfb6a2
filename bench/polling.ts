import { once } from 'node:events'
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { freePort, orStop, pinClient, type Server, startServer } from './child.ts'
import { type Connection, openConnection } from './connection.ts'
import { startPostgres } from './postgres.ts'
import { cpuSeconds } from './process-usage.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { environment, SERVER } from './trymellon.ts'

/*
 * Agents that wait for a person: each polls POST /device/token every five seconds, as it was told. What a poll costs the
 * server, as a share of one core, beside a bare node:http server that reads the same body and answers the same words.
 */

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '30' },
    interval: { type: 'string', default: '5' },
  },
})
const [agents, seconds, interval] = [Number(values.agents), Number(values.seconds), Number(values.interval)]
const CONNECTIONS = 32
const PENDING = '{"error":"authorization_pending","error_description":"User has not yet authorized"}'
const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

// The other end of the comparison runs in a process of its own: this same file.
if (process.env.BARE_PORT) {
  createServer((request, response) => {
    if (request.url === '/ready') return void response.end()
    let text = ''
    request.on('data', (part) => {
      text += part
    })
    request.on('end', () => {
      JSON.parse(text)
      response.writeHead(400, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(PENDING)
    })
  }).listen(Number(process.env.BARE_PORT), '127.0.0.1')
  await once(process, 'SIGTERM')
  process.exit(0)
}

/** Every agent has an address of its own: one address may ask for ten codes an hour. */
const from = (agent: number) =>
  `x-forwarded-for: 10.${(agent >> 16) & 255}.${(agent >> 8) & 255}.${agent & 255}\r\ncontent-type: application/json\r\n`

async function codes(port: number): Promise<string[]> {
  const connection = await openConnection(port)
  const made: string[] = []
  for (let agent = 0; agent < agents; agent++) {
    const { status, body } = await connection.request('POST', '/device/code', from(agent), '{}')
    if (status !== 200) throw new Error(`/device/code answered ${status}: ${body}`)
    made.push(JSON.parse(body).device_code)
  }
  connection.close()
  return made
}

type Result = { polls: number; share: number; p50: number; p99: number; others: Record<string, number> }

/** Every agent polls when its five seconds are over, spread evenly; one that had to wait for a connection polls late. */
async function poll({ pid, port }: Server, held: readonly string[]): Promise<Result> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(port)))
  const bodies = held.map((device_code) => JSON.stringify({ grant_type: GRANT, device_code }))
  const [took, others]: [number[], Record<string, number>] = [[], {}]
  const step = (interval * 1000) / agents
  const start = performance.now() + 100
  const end = start + seconds * 1000
  const before = cpuSeconds(pid)
  const run = async (connection: Connection, worker: number) => {
    for (let turn = worker; ; turn += CONNECTIONS) {
      const due = start + turn * step
      if (due >= end) return
      const early = due - performance.now()
      if (early > 0) await new Promise((resume) => setTimeout(resume, early))
      const agent = turn % agents
      const { body } = await connection.request('POST', '/device/token', from(agent), bodies[agent])
      took.push(Math.max(0, performance.now() - due))
      const error: string = JSON.parse(body).error
      if (error !== 'authorization_pending') others[error] = (others[error] ?? 0) + 1
    }
  }
  await Promise.all(connections.map(run))
  const share = (cpuSeconds(pid) - before) / ((performance.now() - start) / 1000)
  for (const connection of connections) connection.close()
  took.sort((a, b) => a - b)
  const at = (part: number) => took[Math.floor(took.length * part)] ?? 0
  return { polls: took.length, share, p50: at(0.5), p99: at(0.99), others }
}

pinClient()
const postgres = await startPostgres()
const port = await freePort()
const databaseUrl = await postgres.createDatabase('bench_polling')
const variant = { name: 'polling', embedded: false, limits: true }
const env = {
  ...environment(variant, port, temporaryFolder('data'), databaseUrl),
  TRUSTED_PROXIES: 'loopback',
  JOBS: 'off',
}
const server = await startServer(port, [`${SERVER}/dist/main.js`], env)
const barePort = await freePort()
const bare = await startServer(barePort, [import.meta.filename], { BARE_PORT: String(barePort) })

await orStop(server, async () => {
  const held = await codes(port)
  const rows = [
    ['trymellon, PostgreSQL', await poll(server, held)],
    ['bare node:http', await poll(bare, held)],
    ['trymellon, PostgreSQL, again', await poll(server, held)],
    ['bare node:http, again', await poll(bare, held)],
  ] as const
  process.stdout.write(`${agents} agents, one poll every ${interval} s each, ${seconds} s a row\n\n`)
  process.stdout.write(
    '| Server | polls | share of one core | p50 ms | p99 ms | other answers |\n| --- | --- | --- | --- | --- | --- |\n',
  )
  for (const [name, { polls, share, p50, p99, others }] of rows) {
    const cells = [name, polls, `${(share * 100).toFixed(1)} %`, p50.toFixed(2), p99.toFixed(2), JSON.stringify(others)]
    process.stdout.write(`| ${cells.join(' | ')} |\n`)
  }
  const [mine, floor] = [(rows[0][1].share + rows[2][1].share) / 2, (rows[1][1].share + rows[3][1].share) / 2]
  process.stdout.write(
    `\nratio to bare node:http: ${(mine / floor).toFixed(1)} ×; limit: half a core: ${mine < 0.5 ? 'met' : 'missed'}\n`,
  )
  const wrong = rows.some(([, { others }]) => Object.keys(others).length > 0)
  process.exitCode = mine < 0.5 && !wrong ? 0 : 1
})
await server.stop()
await bare.stop()
await postgres.stop()
