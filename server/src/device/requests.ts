import { z } from 'zod'
import { record } from '../audit/record.ts'
import { AGENT_CLIENT_ID } from '../oauth/request-client.ts'
import type { Ctx } from '../platform/context.ts'
import { Refusal } from '../platform/errors.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Person } from '../platform/principal.ts'
import { timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'
import { denied } from '../resources.ts'
import { describeScope } from '../scopes.ts'
import { requireAdmission } from './show.ts'

/** A program that waits for a person, as the dashboard lists it. Its code is shown nowhere: who approves has it. */
export const WaitingRequest = z
  .object({
    id: z.string(),
    status: z
      .enum(['pending', 'approved'])
      .meta({ description: '`approved`: by the person who asks, and not collected by the program yet.' }),
    opened: z.boolean().meta({ description: 'Whether the person has entered its code, and looked at it.' }),
    agent_name: z.string().nullable().meta({ description: 'What it calls itself; verified by nobody.' }),
    client_name: z.string().nullable().meta({ description: 'Of its client, in the client’s own words.' }),
    ip_address: z.string(),
    scopes: z
      .array(z.object({ scope: z.string(), about: z.string() }))
      .meta({ description: 'Asked for; once approved, granted.' }),
    claim: z.boolean().meta({ description: 'It asks to hand its tenant over.' }),
    requested_at: timestamp,
    expires_at: timestamp,
  })
  .meta({ id: 'WaitingDeviceRequest' })

type Row = {
  id: string
  status: 'pending' | 'approved'
  opened: boolean
  agent_name: string | null
  client_id: string
  client_name: string | null
  ip_address: string
  scopes: string[]
  granted_scopes: string[]
  claim: boolean
  created_at: Date
  expires_at: Date
}

/** What concerns the person $1 of the account $2: opened or decided by them, or asked by a client of the account. */
const concerns = `(d.opened_by = $1::uuid or (d.person_id = $1::uuid and d.account_id = $2) or d.client_id = any(array(
  select a.client_id from applications a join tenants t on t.id = a.tenant_id
  where t.account_id = $2 and a.status <> 'deleted')))`

/**
 * What of it waits at $3: undecided, or approved by this person and not collected. A takeover that was approved is done,
 * whether or not the program has heard of it: nothing is left to take back.
 */
const waits = `(d.expires_at > $3::timestamptz and (d.status = 'pending'
  or (d.status = 'approved' and d.person_id = $1::uuid and d.account_id = $2 and d.claim_tenant_id is null)))`

const present = (row: Row): z.input<typeof WaitingRequest> => ({
  id: row.id,
  status: row.status,
  opened: row.opened,
  agent_name: row.agent_name,
  client_name: row.client_name ?? (row.client_id === AGENT_CLIENT_ID ? null : row.client_id),
  ip_address: row.ip_address,
  scopes: (row.status === 'approved' ? row.granted_scopes : row.scopes).map(describeScope),
  claim: row.claim,
  requested_at: toIso(row.created_at),
  expires_at: toIso(row.expires_at),
})

/**
 * Requests that wait for this person, or that the person approved and no program collected yet, newest first.
 * @throws 403 not_admitted; 400 validation_error for a cursor that is none of them
 */
export async function listRequests(ctx: Ctx<Person>, input: { limit: number; starting_after?: string | undefined }) {
  requireAdmission(ctx)
  const { id: personId, accountId } = ctx.principal
  const after = input.starting_after ?? null
  if (after !== null) {
    // One that was decided meanwhile still says where the last page ended.
    const known = await ctx.sql.query(`select 1 from device_requests d where ${concerns} and d.id = $3::uuid`, [
      personId,
      accountId,
      after,
    ])
    if (known.length === 0) throw badCursor()
  }
  const rows = await ctx.sql.query<Row>(
    `select d.id, d.status, d.opened_by is not distinct from $1::uuid as opened, d.agent_name, d.client_id,
       coalesce((select a.name from directory i join applications a on a.tenant_id = i.tenant_id and a.id = i.id
                 where i.kind = 'client' and i.key = d.client_id),
                (select c.name from registered_clients c where c.id = d.client_id)) as client_name,
       d.ip_address, d.scopes, d.granted_scopes, d.claim_tenant_id is not null as claim, d.created_at, d.expires_at
     from device_requests d
     where ${concerns} and ${waits} and ($4::uuid is null or d.id < $4::uuid)
     order by d.id desc limit $5::int`,
    [personId, accountId, ctx.now(), after, input.limit + 1],
  )
  return toPage(rows, input.limit, ({ id }) => id, present)
}

/**
 * Turns a program of that list away, for good: while it waits, or after the own approval until it has collected. The
 * conditional change decides against approvals and redemptions, whoever is first.
 * @throws 404 device_request_not_found: none of the list, be it foreign, unknown, expired or over
 */
export async function denyRequest(ctx: Ctx<Person>, input: { request_id: string }) {
  const { id: personId, accountId, sessionId } = ctx.principal
  const whose = [personId, accountId]
  const [ended] = await ctx.sql.query<{ agent_id: string }>(
    `update device_requests d set status = 'denied', decided_at = $3::timestamptz, person_id = $1::uuid,
       session_id = $5::uuid, account_id = $2
     where d.id = $4::uuid and ${concerns} and ${waits} returning d.agent_id`,
    [...whose, ctx.now(), input.request_id, sessionId],
  )
  if (ended) {
    record(ctx, 'device.denied', { applicationId: null, metadata: { agent_id: ended.agent_id } })
    return undefined
  }
  const own = await ctx.sql.query(`select 1 from device_requests d where ${concerns} and d.id = $3::uuid`, [
    ...whose,
    input.request_id,
  ])
  // Too late is no denial of anybody's right.
  if (own.length > 0) throw new Refusal('device_request_not_found')
  throw await denied(ctx, 'device_request', input.request_id, 'account')
}
