import { z } from 'zod'
import { limitOf, withinLimit } from '../keys/find.ts'
import type { Ctx } from '../platform/context.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { AccountPrincipal } from '../platform/principal.ts'
import { timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'
import { denied } from '../resources.ts'
import type { AgentMethod } from './register.ts'

/** An agent as every answer shows it. */
export const Agent = z
  .object({
    id: z.string(),
    name: z.string().meta({ description: 'What it calls itself.' }),
    name_verified: z.literal(false),
    method: z
      .enum(['vending', 'device', 'email', 'oauth', 'dashboard'])
      .meta({ description: 'How it came to be; `dashboard`: a person made a key by hand.' }),
    account_id: z.string(),
    application_ids: z
      .union([z.literal('all'), z.array(z.string())])
      .meta({ description: '`all`, or the applications that it reaches.' }),
    scopes: z.array(z.string()).meta({ description: '`full_access`, or single scopes.' }),
    created_by: z.string().nullable().meta({ description: 'The person who approved it.' }),
    created_at: timestamp,
    last_used_at: timestamp.nullable().meta({ description: 'To the minute.' }),
    status: z.enum(['active', 'revoked']),
  })
  .meta({ id: 'Agent' })

export type AgentRow = {
  account_id: string
  id: string
  name: string
  method: AgentMethod
  scopes: string[]
  application_ids: string[]
  approved_by: string | null
  created_at: Date
  last_used_at: Date | null
  revoked_at: Date | null
}

const columns = `g.account_id, g.id, g.name, g.method, g.scopes, g.application_ids, g.approved_by, g.created_at,
  g.last_used_at, g.revoked_at`

/** What a caller with parameters $1 (account) and $2 (limit) may see. */
const within = `g.account_id = $1 and ${withinLimit('g.application_ids', 2)}`

export const presentAgent = (row: AgentRow): z.input<typeof Agent> => ({
  id: row.id,
  name: row.name,
  name_verified: false,
  method: row.method,
  account_id: row.account_id,
  application_ids: row.application_ids.length > 0 ? row.application_ids : 'all',
  scopes: row.scopes,
  created_by: row.approved_by,
  created_at: toIso(row.created_at),
  last_used_at: row.last_used_at && toIso(row.last_used_at),
  status: row.revoked_at ? 'revoked' : 'active',
})

/** One agent of the caller's account and within the caller's reach. @throws 404 agent_not_found, recorded for its owner */
export async function requireAgent(ctx: Ctx<AccountPrincipal>, id: string): Promise<AgentRow> {
  const { accountId } = ctx.principal
  const [row] = await ctx.sql.query<AgentRow>(`select ${columns} from agents g where ${within} and g.id = $3`, [
    accountId,
    limitOf(ctx.principal),
    id,
  ])
  if (!row) throw await denied(ctx, 'agent', id, 'account')
  return row
}

/** @throws 404 agent_not_found */
export async function getAgent(ctx: Ctx<AccountPrincipal>, input: { agent_id: string }) {
  return presentAgent(await requireAgent(ctx, input.agent_id))
}

/** Agents within the caller's reach, revoked ones too, oldest first. */
export async function listAgents(
  ctx: Ctx<AccountPrincipal>,
  input: { limit: number; starting_after?: string | undefined },
) {
  const scope = [ctx.principal.accountId, limitOf(ctx.principal)]
  const after = input.starting_after ?? null
  if (after !== null) {
    const [cursor] = await ctx.sql.query(`select 1 from agents g where ${within} and g.id = $3`, [...scope, after])
    if (!cursor) throw badCursor()
  }
  const rows = await ctx.sql.query<AgentRow>(
    `select ${columns} from agents g
     where ${within} and ($3::text is null or (g.created_at, g.id) >
       (select c.created_at, c.id from agents c where c.account_id = $1 and c.id = $3))
     order by g.created_at, g.id limit $4::int`,
    [...scope, after, input.limit + 1],
  )
  return toPage(rows, input.limit, ({ id }) => id, presentAgent)
}
