import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPasskey } from '../authenticator.ts'
import { freePort, orStop, type Server, startServer } from '../child.ts'
import type { Postgres } from '../postgres.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { environment, type Provisioned, provision, SERVER } from '../trymellon.ts'
import { type Filled, fill } from './fill.ts'
import { whileLoading } from './loading.ts'
import { idOf, type Size } from './ordinals.ts'
import type { Facts } from './tables.ts'
import { withClient } from './with-client.ts'

export type WorldName = 'small' | 'large'

/** One database with the secrets that its servers and callers need. */
export type World = {
  name: WorldName
  url: string
  facts: Facts
  made: Provisioned
  masterKey: string
  filled: Filled[]
}

const main = join(SERVER, 'dist/main.js')

/** Starts a production server of this repository on a world. @param settings take precedence over the bench's own */
export async function startOn(
  { url, masterKey }: Pick<World, 'url' | 'masterKey'>,
  settings: Record<string, string> = {},
): Promise<Server> {
  const port = await freePort()
  const standard = environment({ name: '', embedded: false, limits: true }, port, temporaryFolder('data'), url)
  return startServer(port, [main], { ...standard, MASTER_KEY: masterKey, JOBS: 'off', ...settings })
}

/** Lifts the limits of the vending machine's plan. @returns the one tenant there is */
const enterprise = (url: string): Promise<Facts['tenants']> =>
  withClient(url, async (client) => {
    await client.query(`update accounts set plan = 'enterprise'`)
    const { rows } = await client.query('select tenant_id as "tenantId", id as "applicationId" from applications')
    return rows
  })

async function makeWorld(postgres: Postgres, name: WorldName, size: Size, say: (line: string) => void): Promise<World> {
  say(`${name} database`)
  const url = await postgres.createDatabase(`scale_${name}`)
  const masterKey = randomBytes(32).toString('hex')
  const server = await startOn({ url, masterKey })
  const made = await orStop(server, () => provision(server.port))
  await server.stop()
  const tenants = await enterprise(url)
  for (let index = 0; index < size.tenants - 1; index++) {
    tenants.push({ tenantId: idOf('org', index), applicationId: idOf('app', index) })
  }
  const facts: Facts = { size, tenants, publicKey: Buffer.from(createPasskey().cosePublicKey, 'base64url') }
  const filled = await whileLoading(postgres, () => fill(url, facts, say))
  return { name, url, facts, made, masterKey, filled }
}

type Kept = Record<WorldName, Omit<World, 'facts'> & { facts: Omit<Facts, 'publicKey'> & { publicKey: string } }>

/**
 * The small and the large database: made, or found in a folder that was kept.
 * @param folder of the cluster; what the servers need to know stands beside the data
 */
export async function openWorlds(
  postgres: Postgres,
  folder: string,
  sizes: Record<WorldName, Size>,
  say: (line: string) => void,
): Promise<Record<WorldName, World>> {
  const file = join(folder, 'worlds.json')
  if (existsSync(file)) {
    const kept: Kept = JSON.parse(readFileSync(file, 'utf8'))
    const open = ({ facts, ...world }: Kept[WorldName]): World => ({
      ...world,
      url: postgres.url(`scale_${world.name}`),
      facts: { ...facts, publicKey: Buffer.from(facts.publicKey, 'base64url') },
    })
    return { small: open(kept.small), large: open(kept.large) }
  }
  const small = await makeWorld(postgres, 'small', sizes.small, say)
  const large = await makeWorld(postgres, 'large', sizes.large, say)
  const keep = (world: World) => ({
    ...world,
    facts: { ...world.facts, publicKey: world.facts.publicKey.toString('base64url') },
  })
  writeFileSync(file, JSON.stringify({ small: keep(small), large: keep(large) }), { mode: 0o600 })
  return { small, large }
}
