import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { CLIENT_CORE, freePort, spawnPinned, stopChild } from './child.ts'
import { treeCpuSeconds } from './process-usage.ts'
import { temporaryFolder } from './temporary-folder.ts'

export type Postgres = {
  version: string
  pid: number
  url: (database: string) => string
  /** Makes an empty database and returns its URL. */
  createDatabase: (name: string) => Promise<string>
  cpuSeconds: () => number
  stop: () => Promise<void>
}

const DEBIAN = '/usr/lib/postgresql'

function binaries(): string {
  const given = process.env.BENCH_PG_BIN
  if (given) return given
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const found = versions.map((version) => join(DEBIAN, version, 'bin')).find((path) => existsSync(join(path, 'initdb')))
  if (!found)
    throw new Error('no PostgreSQL server found: set BENCH_PG_BIN to the folder that holds initdb and postgres')
  return found
}

/** PostgreSQL refuses to run as root; the account that its package makes is used then. */
function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

async function connectSoon(connectionString: string): Promise<pg.Client> {
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString })
    try {
      await client.connect()
      return client
    } catch (error) {
      if (tries > 200) throw error
      await new Promise((resume) => setTimeout(resume, 50))
    }
  }
}

export type PostgresOptions = {
  /** An empty folder or one that held a cluster before; a temporary one unless given. */
  folder?: string
  /** File that takes the server's log. */
  log?: string
}

/** A throw-away cluster on the client's core with PostgreSQL's default settings, durable commits included. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const bin = binaries()
  const user = account()
  const folder = options.folder ?? temporaryFolder('postgres')
  if (!existsSync(join(folder, 'PG_VERSION'))) {
    if (user) chownSync(folder, user.uid, user.gid)
    execFileSync(join(bin, 'initdb'), ['-D', folder, '-U', 'bench', '--auth=trust', '--locale=C', '-E', 'UTF8'], {
      ...user,
      cwd: folder,
      stdio: 'ignore',
    })
  }
  const port = await freePort()
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'log_min_messages=fatal',
  ]
  const child = spawnPinned(
    CLIENT_CORE,
    [join(bin, 'postgres'), '-D', folder, ...settings.flatMap((setting) => ['-c', setting])],
    {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', options.log ? openSync(options.log, 'a') : 'inherit'],
    },
  )
  const url = (database: string) => `postgres://bench@127.0.0.1:${port}/${database}`
  const client = await connectSoon(url('postgres'))
  const { rows } = await client.query('show server_version')
  return {
    version: rows[0].server_version,
    pid: child.pid ?? 0,
    url,
    async createDatabase(name) {
      await client.query(`create database "${name}"`)
      return url(name)
    },
    cpuSeconds: () => treeCpuSeconds(child.pid ?? 0),
    async stop() {
      await client.end()
      await stopChild(child, 'SIGINT')
    },
  }
}
