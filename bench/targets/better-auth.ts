import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { passkey } from '@better-auth/passkey'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import pg from 'pg'
import { options, site } from './options.ts'

/*
 * better-auth with its passkey plugin as its documentation sets it up, limiter and telemetry off. SQLite runs in WAL mode
 * with `synchronous = normal`, which is faster than what a plain `new Database(…)` gives it.
 */

function openDatabase() {
  if (options.store === 'pg') return new pg.Pool({ connectionString: options.database, max: 10 })
  const database = new DatabaseSync(options.database ?? ':memory:')
  database.exec('pragma journal_mode = wal; pragma synchronous = normal')
  return database
}

const { rpId, origin, passkeys } = site()
const auth = betterAuth({
  database: openDatabase(),
  baseURL: origin,
  secret: 'benchmark-only-secret-of-enough-length-0123456789',
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  logger: { level: 'warn' },
  plugins: [passkey({ rpID: rpId, rpName: 'bench', origin })],
})

const { runMigrations } = await getMigrations(auth.options)
await runMigrations()

const { adapter } = await auth.$context
for (const { id, cosePublicKey } of passkeys) {
  const now = new Date()
  const user = await adapter.create<Record<string, unknown>, { id: string }>({
    model: 'user',
    data: {
      name: 'bench',
      email: `${id.toLowerCase()}@bench.example`,
      emailVerified: true,
      createdAt: now,
      updatedAt: now,
    },
  })
  await adapter.create({
    model: 'passkey',
    data: {
      userId: user.id,
      credentialID: id,
      publicKey: Buffer.from(cosePublicKey, 'base64url').toString('base64'),
      counter: 0,
      deviceType: 'singleDevice',
      backedUp: false,
      transports: 'usb',
      createdAt: now,
    },
  })
}

const handle = toNodeHandler(auth)
createServer((request, response) => {
  if (request.url === '/ready') response.writeHead(200, { 'content-length': 0 }).end()
  else void handle(request, response)
}).listen(options.port, '127.0.0.1')
