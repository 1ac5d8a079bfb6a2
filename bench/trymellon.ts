import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import pg from 'pg'
import { type Passkey, register } from './authenticator.ts'
import { freePort, orStop, type Server, startServer } from './child.ts'
import { type Connection, openConnection } from './connection.ts'
import { residentMegabytes } from './process-usage.ts'
import { type RowName, type Starter, type Surroundings, somePasskeys, type Target } from './targets.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { SCOPE } from './token-client.ts'
import { body, clientCredentials, createUser, readUser, SITE, seededUser, signIn, USERS } from './works.ts'

export const SERVER = join(import.meta.dirname, '../server')
const JSON_TYPE = 'content-type: application/json\r\n'

const MASTER_KEY = randomBytes(32).toString('hex')

/** Every limit that a row meets, raised out of reach: the counting stays, the refusals go. */
const RAISED = [
  'oauth_token',
  'oauth_token_ip',
  'admin_read',
  'admin_write',
  'admin_application',
  'ceremony',
  'ceremony_user',
  'ceremony_application',
]

type Variant = { name: string; embedded: boolean; limits: boolean }

/** Settings of a server for the bench: production with limits raised out of reach, or limits off. */
export function environment(
  { limits }: Variant,
  port: number,
  dataDir: string,
  databaseUrl: string | undefined,
): Record<string, string> {
  // The server does not start without limits in production; nothing else in it depends on that setting.
  const limiting: Record<string, string> = limits
    ? {
        NODE_ENV: 'production',
        RATE_LIMIT_OVERRIDES: JSON.stringify(
          Object.fromEntries(RAISED.map((name) => [name, { points: 1_000_000_000 }])),
        ),
      }
    : { NODE_ENV: 'development', DEMO: 'off', RATE_LIMITS: 'off' }
  return {
    ...limiting,
    ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    MASTER_KEY,
    PUBLIC_URL: SITE.origin,
    LOG_LEVEL: 'warn',
  }
}

export type Provisioned = { clientId: string; clientSecret: string; applicationId: string }

/** An access token of the tenant's own client. */
export async function token(
  connection: Connection,
  { clientId, clientSecret }: Provisioned,
  scope: string,
): Promise<string> {
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  const head = `authorization: Basic ${basic}\r\ncontent-type: application/x-www-form-urlencoded\r\n`
  const sent = `grant_type=client_credentials&scope=${encodeURIComponent(scope)}`
  return body<{ access_token: string }>(await connection.request('POST', '/oauth/token', head, sent), 200).access_token
}

/** A tenant from the vending machine, its origin set. */
export async function provision(port: number): Promise<Provisioned> {
  const connection = await openConnection(port)
  const made = body<Provisioned>(
    await connection.request('POST', '/v1/onboarding/ai', JSON_TYPE, '{"name":"bench"}'),
    200,
  )
  const bearer = await token(connection, made, 'applications:write')
  const head = `authorization: Bearer ${bearer}\r\n${JSON_TYPE}`
  const settings = JSON.stringify({ allowed_origins: [SITE.origin] })
  body(await connection.request('PATCH', `/v1/applications/${made.applicationId}`, head, settings), 200)
  connection.close()
  return made
}

const RAISE_PLAN = `update accounts set plan = 'enterprise'`

/** Lifts the vending machine's cap of 15 users, in the database of a server that is not running. */
async function raisePlan(dataDir: string, databaseUrl: string | undefined): Promise<void> {
  if (databaseUrl) {
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    await client.query(RAISE_PLAN)
    await client.end()
    return
  }
  // The server's own engine: another version might not open its files.
  const { PGlite } = createRequire(join(SERVER, 'package.json'))('@electric-sql/pglite')
  const lite = await PGlite.create(join(dataDir, 'pglite'))
  await lite.exec(RAISE_PLAN)
  await lite.close()
}

type Options = { data: { session_id: string; challenge: { challenge: string; user: { id: string } } } }

async function registerPasskey(
  connection: Connection,
  publishableKey: string,
  passkey: Passkey,
  number: number,
): Promise<void> {
  const head = `authorization: Bearer ${publishableKey}\r\norigin: ${SITE.origin}\r\n${JSON_TYPE}`
  const named = JSON.stringify({ external_user_id: `bench-passkey-${number}` })
  const { data } = body<Options>(await connection.request('POST', '/v1/passkeys/register/start', head, named), 200)
  const credential = register(passkey, data.challenge.challenge, data.challenge.user.id, SITE)
  const sent = JSON.stringify({ session_id: data.session_id, credential })
  body(await connection.request('POST', '/v1/passkeys/register/finish', head, sent), 200)
}

/** Seeds what the wanted rows need, over the API, and returns the work of each. */
async function prepareWorks(server: Server, made: Provisioned, rows: RowName[]): Promise<Target['works']> {
  const connection = await openConnection(server.port)
  const bearer = await token(connection, made, 'users:read users:write')
  let seeded = rows.includes('get-user') ? 0 : USERS
  const seed = createUser(bearer, () => seededUser(seeded++))
  while (seeded < USERS) await seed(connection, 0)
  const passkeys = rows.includes('ceremony') ? somePasskeys() : []
  for (const [number, passkey] of passkeys.entries()) await registerPasskey(connection, made.clientId, passkey, number)
  connection.close()
  return {
    ceremony: signIn(passkeys, made.clientId),
    token: clientCredentials('/oauth/token', made.clientId, made.clientSecret, SCOPE),
    'get-user': readUser(bearer),
    'create-user': createUser(bearer),
  }
}

async function startTrymellon(variant: Variant, { postgres, nodeFlags, rows }: Surroundings): Promise<Target> {
  const port = await freePort()
  const dataDir = temporaryFolder('data')
  const databaseUrl = variant.embedded ? undefined : await postgres.createDatabase(`bench_${port}`)
  const env = environment(variant, port, dataDir, databaseUrl)
  const main = join(SERVER, 'dist/main.js')

  const first = await startServer(port, [main], env)
  const made = await orStop(first, () => provision(port))
  await first.stop()
  await raisePlan(dataDir, databaseUrl)

  const server = await startServer(port, [...nodeFlags, main], env)
  const readyMegabytes = residentMegabytes(server.pid)
  const works = await orStop(server, () => prepareWorks(server, made, rows))
  const { name, embedded } = variant
  return { ...server, name, works, onPostgres: !embedded, firstReadyMs: first.readyMs, readyMegabytes }
}

const variants: Variant[] = [
  { name: 'trymellon, PostgreSQL', embedded: false, limits: true },
  { name: 'trymellon, PostgreSQL, limits off', embedded: false, limits: false },
  { name: 'trymellon, PGlite', embedded: true, limits: true },
  { name: 'trymellon, PGlite, limits off', embedded: true, limits: false },
]

/** The product, on both databases, with its limits on and off. */
export const ours: Starter[] = variants.map((variant) => ({
  name: variant.name,
  rows: ['ceremony', 'token', 'get-user', 'create-user'],
  start: (surroundings) => startTrymellon(variant, surroundings),
}))
