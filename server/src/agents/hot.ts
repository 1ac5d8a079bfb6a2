import { type AddressList, addressList } from '../platform/address-list.ts'
import type { Cache, Caches } from '../platform/cache.ts'
import type { Sql } from '../platform/db.ts'
import { fromMillis } from '../platform/time.ts'

type HotAgentKey = {
  expiresAt: Date | null
  madeAt: Date
  applicationIds: readonly string[]
  /** Where it may be used from. */
  allowed: AddressList
}

/** What a request with an agent's token needs to know of the agent, in one cached row. */
export type HotAgent = {
  accountId: string
  id: string
  /** Empty: every application of the account. */
  applicationIds: readonly string[]
  /** Its keys that were not revoked: a token ends with the key it was handed out with. */
  keys: ReadonlyMap<string, HotAgentKey>
}

type KeyRow = { id: string; expires: number | null; made: number; applications: string[]; ips: string[] }
type Row = { account_id: string; application_ids: string[]; keys: KeyRow[] | null }

// Raw: the one statement of a request with an agent's token.
const byId = `
  select g.account_id, g.application_ids,
         (select json_agg(json_build_object('id', k.id, 'expires', extract(epoch from k.expires_at) * 1000,
                                            'made', extract(epoch from n.made_at) * 1000, 'applications', k.application_ids,
                                            'ips', k.allowed_ips))
          from secret_keys k
          join lateral (select max(v.created_at) as made_at from secret_key_versions v
                        where v.account_id = k.account_id and v.key_id = k.id) n on n.made_at is not null
          where k.account_id = g.account_id and k.agent_id = g.id and k.revoked_at is null) as keys
  from agents g where g.id = $1 and g.revoked_at is null`

/** `agent`: an agent that was not revoked; `touch(ctx, 'agent', id)` after every change of it or of its keys. */
export const createHotAgents = (caches: Caches, sql: Sql): Cache<HotAgent> =>
  caches.create('agent', {
    async load(id) {
      const [row] = await sql.query<Row>(byId, [id])
      if (!row) return null
      const keys = (row.keys ?? []).map(
        ({ id: keyId, expires, made, applications, ips }) =>
          [
            keyId,
            {
              expiresAt: expires === null ? null : fromMillis(expires),
              madeAt: fromMillis(made),
              applicationIds: applications,
              allowed: addressList(ips),
            },
          ] as const,
      )
      return { accountId: row.account_id, id, applicationIds: row.application_ids, keys: new Map(keys) }
    },
  })
