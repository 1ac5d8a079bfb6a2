import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type Deps, systemContext } from '../platform/context.ts'
import { writeTrail } from '../platform/trail.ts'
import { provisionTenant } from '../tenants/provision.ts'

/** What `pnpm start` prints and the examples read; kept in the data folder, for its owner only. */
export type Demo = {
  url: string
  application_id: string
  client_id: string
  publishable_key: string
  client_secret: string
}

const fileName = 'demo.json'

/** Where the example page may be served: by this server, or by `examples/browser` itself. */
const exampleOrigins = ({ PUBLIC_ORIGIN }: Config) => [...new Set([PUBLIC_ORIGIN, 'http://localhost:8080'])]

async function kept(deps: Deps): Promise<Demo | null> {
  try {
    const demo = JSON.parse(await readFile(join(deps.config.DATA_DIR, fileName), 'utf8')) as Demo
    const application = await deps.applications.byClientId.get(demo.client_id)
    const known = application?.secrets.some((row) => deps.secrets.matches(demo.client_secret, row.hash))
    return known ? demo : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/**
 * The demo application of a development server, made once: a tenant on the starter plan, with the example's origins
 * allowed and the same keys after every restart. Never in production.
 */
export async function provisionDemo(deps: Deps): Promise<Demo> {
  const url = deps.config.PUBLIC_URL
  const earlier = await kept(deps)
  const ctx = systemContext(deps, 'demo.provision')
  if (earlier) {
    await deps.database.sql.query(`update applications set allowed_origins = $2 where client_id = $1`, [
      earlier.client_id,
      exampleOrigins(deps.config),
    ])
    deps.caches.drop('client', earlier.client_id)
    return earlier.url === url ? earlier : save(deps, { ...earlier, url })
  }
  const { applicationId, clientId, clientSecret } = await deps.database.transaction(async (db, sql) => {
    const made = await provisionTenant(
      { ...ctx, db, sql },
      { name: 'Demo', plan: 'starter', allowedOrigins: exampleOrigins(deps.config) },
    )
    await writeTrail(ctx, sql)
    return made
  })
  return save(deps, {
    url,
    application_id: applicationId,
    client_id: clientId,
    publishable_key: clientId,
    client_secret: clientSecret,
  })
}

async function save(deps: Deps, demo: Demo): Promise<Demo> {
  // Nothing else makes it where the database and the master key are elsewhere.
  await mkdir(deps.config.DATA_DIR, { recursive: true })
  await writeFile(join(deps.config.DATA_DIR, fileName), `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 })
  return demo
}
