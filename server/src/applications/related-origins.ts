import { parse as parseDomain } from 'tldts'
import type { Log } from '../platform/log.ts'
import type { Sql } from '../platform/sql.ts'
import { readSettings } from './settings.ts'

/** Browsers look at no more than this many distinct registrable labels (WebAuthn L3 §5.11.1). */
const maxLabels = 5

const label = (origin: string): string =>
  parseDomain(origin, { allowPrivateDomains: true }).domainWithoutSuffix ?? origin

/** Whether browsers get as far as this origin in a list of related ones (WebAuthn L3 §5.11.1). */
export function isHeard(origins: readonly string[], origin: string): boolean {
  const before = origins.slice(0, origins.indexOf(origin) + 1)
  return before.length > 0 && [...new Set(before.map(label))].indexOf(label(origin)) < maxLabels
}

type Claim = { tenant_id: string; owned: boolean; settings: unknown }

/**
 * The applications that speak for an RP ID. A tenant that nobody has claimed gives way to one that somebody owns; if
 * several are left, nobody has shown that the host is theirs and none is heard.
 */
function speakers(claims: readonly Claim[]): readonly Claim[] {
  const owned = claims.filter((claim) => claim.owned)
  const best = owned.length > 0 ? owned : claims
  return new Set(best.map(({ tenant_id }) => tenant_id)).size === 1 ? best : []
}

/**
 * The origins that may use passkeys whose RP ID is `host` (http-api.md §3.2); no tenant can add its sites to the host of
 * another.
 * @returns origins without repetition, in the order of the applications; empty for an unknown host
 */
export async function relatedOrigins(sql: Sql, log: Log, host: string): Promise<string[]> {
  // By a member of the settings, before any tenant is known: raw, as Prisma cannot say it; the rows of one RP ID are few.
  const claims = await sql.query<Claim>(
    `select a.tenant_id, a.settings, t.claimed_at is not null or c.plan <> 'free_ai' as owned
     from applications a
     join tenants t on t.id = a.tenant_id
     join accounts c on c.id = t.account_id
     where a.settings->>'rp_id' = $1 and a.status = 'active' and t.status = 'active' and c.status = 'active'
     order by a.created_at, a.id`,
    [host],
  )
  const heard = speakers(claims)
  if (claims.length > 0 && heard.length === 0)
    log.warn({ rp_id: host }, 'several tenants claim one rp_id: no related origins')
  const origins = [...new Set(heard.flatMap(({ settings }) => readSettings(settings).related_origins))]
  if (new Set(origins.map(label)).size > maxLabels) {
    log.warn({ rp_id: host }, 'related origins have more than five labels: browsers ignore the sixth and further ones')
  }
  return origins
}
