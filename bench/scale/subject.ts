import { limitTable } from '../../server/src/limits.ts'
import type { LimitRow } from '../../server/src/platform/limits.ts'
import { createPasskey, type Passkey } from '../authenticator.ts'
import { orStop, type Server } from '../child.ts'
import { openConnection } from '../connection.ts'
import { token } from '../trymellon.ts'
import { body } from '../works.ts'
import * as of from './ordinals.ts'
import { periodOf } from './tables.ts'
import { withClient } from './with-client.ts'
import { startOn, type World } from './world.ts'

/** A server on one of the databases, with all that the operations need. */
export type Subject = {
  world: World
  server: Server
  bearer: string
  passkeys: Passkey[]
  /** Paths that it serves. */
  paths: string[]
}

const SCOPES = 'users:read users:write audit:read usage:read privacy:read'

/** Every limit raised out of reach: the counting stays, the refusals go. */
export const raisedLimits = (): string => {
  const rows: [string, LimitRow][] = Object.entries(limitTable)
  const counted = rows.filter(([, row]) => !row.failures)
  return JSON.stringify(Object.fromEntries(counted.map(([name]) => [name, { points: 1_000_000_000 }])))
}

/**
 * More users than sign in within a round, each with a key of its own: going through all of them, no cache that a large
 * tenant outgrows flatters it.
 */
const SIGNERS = 20_000

/** Indexes of at most `count` users, spread evenly over all or some of tenant 0. */
function spread(from: number, end: number, count: number): number[] {
  const step = Math.max(1, (end - from) / count)
  return Array.from({ length: Math.min(count, end - from) }, (_, index) => from + Math.floor(index * step))
}

const half = ({ facts }: World) => of.countOfLarge(facts.size) / 2

/** Ordinals of users who never sign in here: what the other operations find does not change under them. */
export const quietUsers = (world: World, count: number): number[] =>
  spread(0, half(world), count).map((index) => of.ordinalOf(world.facts.size, index))

const signers = (world: World) =>
  spread(half(world), 2 * half(world), SIGNERS).map((index) => of.ordinalOf(world.facts.size, index))

/**
 * Gives the users that will sign in a key whose private half is here, and has them active this month already: otherwise
 * many would be new to it in the large database and soon none in the small one, which is other work.
 */
async function preparePasskeys(world: World): Promise<Passkey[]> {
  const ordinals = signers(world)
  const passkeys = ordinals.map((n) => ({
    ...createPasskey(),
    id: of.webauthnId(n).toString('base64url'),
    userHandle: Buffer.from(of.userId(world.facts.size, n).replaceAll('-', ''), 'hex').toString('base64url'),
  }))
  const keys = passkeys.map((passkey) => Buffer.from(passkey.cosePublicKey, 'base64url'))
  await withClient(world.url, async (client) => {
    await client.query(
      `update credentials c set public_key = k.key, sign_count = 0 from unnest($1::text[], $2::bytea[]) as k(id, key)
       where c.tenant_id = $3 and c.id = k.id`,
      [ordinals.map(of.credentialId), keys, world.facts.tenants[0]?.tenantId],
    )
    await client.query(
      `insert into active_users (tenant_id, user_id, period, folded)
       select $1, id, $2, true from unnest($3::uuid[]) as u(id) on conflict do nothing`,
      [world.facts.tenants[0]?.tenantId, periodOf(Date.now()), ordinals.map((n) => of.userId(world.facts.size, n))],
    )
    await client.query('vacuum (analyze) credentials, active_users')
  })
  return passkeys
}

/** Starts a server on a world and prepares what its measured operations need. */
export async function startSubject(world: World, settings: Record<string, string> = {}): Promise<Subject> {
  const passkeys = await preparePasskeys(world)
  const server = await startOn(world, { RATE_LIMIT_OVERRIDES: raisedLimits(), JOBS: 'on', ...settings })
  return orStop(server, async () => {
    const connection = await openConnection(server.port)
    const bearer = await token(connection, world.made, SCOPES)
    const { paths } = body<{ paths: object }>(await connection.request('GET', '/openapi.json', ''), 200)
    connection.close()
    return { world, server, bearer, passkeys, paths: Object.keys(paths) }
  })
}
