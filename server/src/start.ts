import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type App, createApp } from './app.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { type Demo, provisionDemo } from './demo/provision.ts'
import { jobs } from './jobs.ts'
import { type Database, openDatabase } from './platform/db.ts'
import { type JobRunner, startJobs } from './platform/jobs.ts'
import type { LimitStore } from './platform/limit-store.ts'
import { createLog, type Log } from './platform/log.ts'
import { migrate } from './platform/migrate.ts'
import { ensureAuditPartitions } from './platform/partitions.ts'
import { createSecrets, loadMasterKey, randomBytes } from './platform/secrets.ts'
import { systemClock } from './platform/time.ts'

/** The configured master key; in development one is made and kept in the data folder, readable by its owner only. */
async function masterKey(config: Config, log: Log): Promise<Buffer> {
  if (config.MASTER_KEY) return loadMasterKey(config.MASTER_KEY)
  const file = join(config.DATA_DIR, 'master.key')
  try {
    return loadMasterKey(await readFile(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  await mkdir(config.DATA_DIR, { recursive: true })
  const key = randomBytes(32)
  await writeFile(file, `${key.toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  log.info({ file }, 'made a master key; whoever loses it loses every secret and signing key in this database')
  return key
}

type Store = { limitStore: LimitStore; end(): void }

async function openStore(config: Config, database: Database, log: Log): Promise<Store> {
  if (!config.REDIS_URL) return { limitStore: { sql: database.sql }, end() {} }
  const { openRedis } = await import('./platform/redis.ts')
  const redis = await openRedis(config.REDIS_URL, log)
  return { limitStore: { redis }, end: () => redis.disconnect() }
}

const retryMillis = 30_000

/** Starts the jobs, again and again until they run: a database that is away for a moment must not end maintenance for good. */
function keepTrying(startOnce: () => Promise<JobRunner>, log: Log): JobRunner {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<JobRunner | null>
  const attempt = () => {
    running = startOnce().catch((error: unknown) => {
      log.error({ err: error }, 'jobs did not start')
      timer = setTimeout(attempt, retryMillis)
      timer.unref()
      return null
    })
  }
  attempt()
  return {
    async close() {
      clearTimeout(timer)
      await (await running)?.close()
    },
  }
}

export type Opened = {
  app: App
  database: Database
  /** Ends the connections to database and Redis, once the app is closed: they would keep the process alive. */
  release(): Promise<void>
}

/** Opens everything a process needs, with the database migrated; listens nowhere. */
export async function open(config: Config, log: Log): Promise<Opened> {
  const secrets = createSecrets({ masterKey: await masterKey(config, log) })
  const database = await openDatabase({
    url: config.DATABASE_URL,
    dataDir: join(config.DATA_DIR, 'pglite'),
    poolSize: config.DATABASE_POOL_SIZE,
  })
  await migrate(database)
  await ensureAuditPartitions(database.sql, systemClock())
  const { limitStore, end } = await openStore(config, database, log)
  const app = await createApp({ config, database, secrets, log, clock: systemClock, limitStore })
  const release = async () => {
    end()
    await database.close()
  }
  return { app, database, release }
}

/** Opens everything and listens. */
export async function boot(config: Config, log: Log): Promise<{ app: App; demo: Demo | null; close(): Promise<void> }> {
  const { app, database, release } = await open(config, log)
  const demo = config.DEMO ? await provisionDemo(app.deps) : null
  if (demo) (await import('./demo/page.ts')).registerExample(app.http, config.BASE_PATH, () => demo)
  await app.http.listen({ port: config.PORT, host: config.HOST })
  // After the first request can be answered: nobody waits for maintenance.
  const jobRunner = config.JOBS
    ? keepTrying(() => startJobs(database, config.DATABASE_URL, jobs, app.deps, log), log)
    : null
  return {
    app,
    demo,
    async close() {
      await app.close()
      await jobRunner?.close()
      await release()
    },
  }
}

function banner(config: Config, demo: Demo | null): string {
  const url = config.PUBLIC_URL
  const rows = [
    ['API', url],
    ['Docs', `${url}/docs`],
    ['OpenAPI', `${url}/openapi.json`],
    ['Dashboard', `${url}/dashboard  (sign up with a passkey)`],
    ['Agents', `${url}/auth.md, MCP at ${url}/mcp`],
    ...(demo
      ? [
          ['Example', `${url}/example/  (register and sign in with a passkey)`],
          ['Demo key', demo.publishable_key],
          ['Demo secret', `in ${join(config.DATA_DIR, 'demo.json')}, for the admin API`],
        ]
      : []),
  ]
  return ['', '  TryMellon is ready.', '', ...rows.map(([name, value]) => `  ${name?.padEnd(12)}${value}`), ''].join(
    '\n',
  )
}

const graceMillis = ({ DRAIN_SECONDS }: Config) => Math.min(3, DRAIN_SECONDS / 3) * 1000

/** The process: settings, start, then drain on SIGTERM or SIGINT. */
export async function start(): Promise<void> {
  let config: Config
  try {
    config = readConfig()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`The settings are not valid:\n${error.message.replace(/^/gm, '  ')}\n`)
    process.exitCode = 1
    return
  }
  const log = createLog(config.LOG_LEVEL)
  const running = await boot(config, log)
  process.stdout.write(`${banner(config, running.demo)}\n`)
  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'draining')
    running.app.drain()
    // Load balancers need a moment to see that `/ready` has turned; until then requests are served as before.
    if (config.NODE_ENV === 'production') await new Promise((resolve) => setTimeout(resolve, graceMillis(config)))
    const giveUp = setTimeout(() => process.exit(1), config.DRAIN_SECONDS * 1000)
    giveUp.unref()
    await running.close()
    log.info('stopped')
    process.exit(0)
  }
  process.on('SIGTERM', (signal) => void stop(signal))
  process.on('SIGINT', (signal) => void stop(signal))
}
