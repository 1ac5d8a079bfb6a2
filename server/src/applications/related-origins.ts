import { parse as parseDomain } from 'tldts'
import type { Log } from '../platform/log.ts'
import type { Sql } from '../platform/sql.ts'
import { readSettings } from './settings.ts'

/** Browsers look at no more than this many distinct registrable labels (WebAuthn L3 §5.11.1). */
const maxLabels = 5

const label = (origin: string): string => parseDomain(origin, { allowPrivateDomains: true }).domainWithoutSuffix ?? origin

/**
 * The origins that may use passkeys whose RP ID is `host` (http-api.md §3.2). Should several tenants claim one RP ID,
 * the first one to have an application with it is the only one heard: no other may add its sites to that host.
 * @returns origins without repetition, in the order of the applications; empty for an unknown host
 */
export async function relatedOrigins(sql: Sql, log: Log, host: string): Promise<string[]> {
  // By a member of the settings, before any tenant is known; the rows of one RP ID are few.
  const rows = await sql.query<{ tenant_id: string; settings: unknown }>(
    `select a.tenant_id, a.settings from applications a
     join tenants t on t.id = a.tenant_id join accounts c on c.id = t.account_id
     where a.settings->>'rp_id' = $1 and a.status = 'active' and t.status = 'active' and c.status = 'active'
     order by a.created_at, a.id`,
    [host],
  )
  const own = rows.filter((row) => row.tenant_id === rows[0]?.tenant_id)
  const origins = [...new Set(own.flatMap(({ settings }) => readSettings(settings).related_origins))]
  if (new Set(origins.map(label)).size > maxLabels) {
    log.warn({ rp_id: host }, 'related origins have more than five labels: browsers ignore those of the sixth and further')
  }
  return origins
}
