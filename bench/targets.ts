import { join } from 'node:path'
import { createPasskey, type Passkey, storedPart } from './authenticator.ts'
import { freePort, orStop, type Server, startServer } from './child.ts'
import { openConnection } from './connection.ts'
import type { Work } from './load.ts'
import type { Postgres } from './postgres.ts'
import { residentMegabytes } from './process-usage.ts'
import type { StoreKind, TargetOptions } from './targets/options.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { CLIENT_ID, CLIENT_SECRET, SCOPE } from './token-client.ts'
import {
  clientCredentials,
  createUser,
  echo,
  readUser,
  SITE,
  seededUser,
  signIn,
  signInBetterAuth,
  USERS,
} from './works.ts'

export type RowName = 'http' | 'ceremony' | 'token' | 'get-user' | 'create-user'

export type Target = Server & {
  name: string
  works: Partial<Record<RowName, Work>>
  /** True when its database is the shared PostgreSQL, whose CPU is then stated. */
  onPostgres: boolean
  /** Milliseconds until ready on an empty database, where that differs from a later start. */
  firstReadyMs?: number
  readyMegabytes: number
}

/** What a server is started with: the shared database server, further arguments of node, the rows to be ready for. */
export type Surroundings = { postgres: Postgres; nodeFlags: string[]; rows: RowName[] }

export type Starter = { name: string; rows: RowName[]; start: (surroundings: Surroundings) => Promise<Target> }

const PASSKEYS = 64

export const somePasskeys = (): Passkey[] => Array.from({ length: PASSKEYS }, createPasskey)

/** Runs a piece of work a fixed number of times on one connection, outside any measurement. */
export async function prepare(port: number, work: Work, times: number): Promise<void> {
  const connection = await openConnection(port)
  for (let count = 0; count < times; count++) await work(connection, 0)
  connection.close()
}

/** Starts one of the small servers in `targets/`, with a database of its own where it needs one. */
async function startSmall(
  file: string,
  name: string,
  store: StoreKind | undefined,
  more: Partial<TargetOptions>,
  { postgres, nodeFlags }: Surroundings,
) {
  const port = await freePort()
  const folder = temporaryFolder('data')
  const databases = {
    pg: () => postgres.createDatabase(`bench_${port}`),
    sqlite: () => join(folder, 'db.sqlite'),
    pglite: () => join(folder, 'pg'),
  }
  const database = store && store in databases ? await databases[store as keyof typeof databases]() : undefined
  const options: TargetOptions = { port, store, database, ...more }
  const server = await startServer(
    port,
    [...nodeFlags, join(import.meta.dirname, 'targets', file), JSON.stringify(options)],
    { NODE_ENV: 'production' },
  )
  return { ...server, name, onPostgres: store === 'pg', readyMegabytes: residentMegabytes(server.pid) }
}

const bare: Starter = {
  name: 'bare node:http',
  rows: ['http'],
  async start(surroundings) {
    const target = await startSmall('bare.ts', 'bare node:http', undefined, {}, surroundings)
    return { ...target, works: { http: echo } }
  },
}

const floor = (name: string, store: StoreKind): Starter => ({
  name,
  rows: ['ceremony'],
  async start(surroundings) {
    const passkeys = somePasskeys()
    const target = await startSmall(
      'floor.ts',
      name,
      store,
      { ...SITE, passkeys: passkeys.map(storedPart) },
      surroundings,
    )
    return { ...target, works: { ceremony: signIn(passkeys, CLIENT_ID) } }
  },
})

const floorUsers = (name: string, store: StoreKind): Starter => ({
  name,
  rows: ['get-user', 'create-user'],
  async start(surroundings) {
    const target = await startSmall('floor-users.ts', name, store, {}, surroundings)
    let seeded = 0
    const seed = createUser('none', () => seededUser(seeded++))
    await orStop(target, () => prepare(target.port, seed, USERS))
    return { ...target, works: { 'get-user': readUser('none'), 'create-user': createUser('none') } }
  },
})

const betterAuth = (name: string, store: StoreKind): Starter => ({
  name,
  rows: ['ceremony'],
  async start(surroundings) {
    const passkeys = somePasskeys()
    const target = await startSmall(
      'better-auth.ts',
      name,
      store,
      { ...SITE, passkeys: passkeys.map(storedPart) },
      surroundings,
    )
    return { ...target, works: { ceremony: signInBetterAuth(passkeys) } }
  },
})

const oidcProvider: Starter = {
  name: 'oidc-provider, memory',
  rows: ['token'],
  async start(surroundings) {
    const target = await startSmall('oidc-provider.ts', 'oidc-provider, memory', undefined, {}, surroundings)
    return { ...target, works: { token: clientCredentials('/token', CLIENT_ID, CLIENT_SECRET, SCOPE) } }
  },
}

export const peers: Starter[] = [
  bare,
  floor('floor, PostgreSQL', 'pg'),
  floor('floor, PGlite', 'pglite'),
  betterAuth('better-auth, PostgreSQL', 'pg'),
  betterAuth('better-auth, SQLite', 'sqlite'),
  oidcProvider,
  floorUsers('floor users, PostgreSQL', 'pg'),
  floorUsers('floor users, PGlite', 'pglite'),
]
