import { type HotApplication, loadByClientId } from '../applications/hot.ts'
import { type Ctx, type Deps, systemContext } from '../platform/context.ts'

/** The built-in application whose end users are the people of this server's accounts (http-api.md §1.1). */
export const CONSOLE_ACCOUNT_ID = 'acc_000000000000000console'
export const CONSOLE_TENANT_ID = 'org_000000000000000console'
export const CONSOLE_APPLICATION_ID = 'app_000000000000000console'
export const CONSOLE_CLIENT_ID = 'cli_000000000000000console'

/** The console's row through the call's own handle: the cache must not be waited for inside a transaction. */
export async function consoleApplication(ctx: Ctx): Promise<HotApplication> {
  const application = await loadByClientId(ctx.sql, CONSOLE_CLIENT_ID)
  if (!application) throw new Error('there is no console')
  return application
}

/** People make themselves known by the dashboard's own pages alone, with a passkey that verifies them. */
const settings = {
  display_name: 'TryMellon',
  registration_policy: 'preregistered',
  anonymous_signup: false,
  user_verification: 'required',
}

/**
 * Makes the console, or brings its one origin up to date. It has no client secret: nobody administers people through the
 * API. Safe to repeat, and for several instances at once.
 */
export async function provisionConsole(deps: Deps): Promise<void> {
  const { sql } = deps.database
  const { now } = systemContext(deps, 'console.provision')
  const origins = [deps.config.PUBLIC_ORIGIN]
  const text = JSON.stringify(settings)
  const [known] = await sql.query<{ same: boolean }>(
    'select allowed_origins = $3::text[] and settings = $4::jsonb as same from applications where tenant_id = $1 and id = $2',
    [CONSOLE_TENANT_ID, CONSOLE_APPLICATION_ID, origins, text],
  )
  if (known?.same) return
  await deps.database.rawTransaction(async (tx) => {
    const at = now()
    await tx.query(
      `insert into accounts (id, name, plan, created_at) values ($1, 'Console', 'enterprise', $2) on conflict do nothing`,
      [CONSOLE_ACCOUNT_ID, at],
    )
    await tx.query(
      `insert into tenants (id, account_id, name, created_at, last_active_at, claimed_at)
       values ($1, $2, 'Console', $3, $3, $3) on conflict do nothing`,
      [CONSOLE_TENANT_ID, CONSOLE_ACCOUNT_ID, at],
    )
    await tx.query(
      `insert into applications (tenant_id, id, client_id, name, allowed_origins, settings, created_at, updated_at)
       values ($1, $2, $3, 'Console', $4::text[], $5::jsonb, $6, $6)
       on conflict (tenant_id, id) do update set allowed_origins = excluded.allowed_origins, settings = excluded.settings`,
      [CONSOLE_TENANT_ID, CONSOLE_APPLICATION_ID, CONSOLE_CLIENT_ID, origins, text, at],
    )
    await tx.query(
      `insert into directory (kind, key, tenant_id, id) values ('client', $1, $2, $3), ('application', $3, $2, $3)
       on conflict do nothing`,
      [CONSOLE_CLIENT_ID, CONSOLE_TENANT_ID, CONSOLE_APPLICATION_ID],
    )
  })
  deps.caches.drop('client', CONSOLE_CLIENT_ID)
}
