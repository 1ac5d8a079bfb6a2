import type { Ctx } from '../platform/context.ts'
import { invalid } from '../platform/errors.ts'
import type { Backend } from '../platform/principal.ts'
import { periodOf } from './period.ts'

type Row = { api_calls: number; active_users: number; qr_sessions: number; emails_sent: number; users_total: number }

/**
 * What the caller's tenant used in a month. Raw: one statement is one snapshot, in which a user who is being folded counts
 * exactly once. What this instance counted is folded first; others follow within two seconds.
 * @throws 400 for a month in the future
 */
export async function get(ctx: Ctx<Backend>, { period }: { period: string }) {
  if (period > periodOf(ctx.now())) throw invalid('period', 'must not be in the future')
  const { tenantId } = ctx.principal
  await ctx.deps.meter.flush()
  const [row] = await ctx.sql.query<Row>(
    `select coalesce(u.api_calls, 0) as api_calls,
            coalesce(u.active_users, 0) + (
              select count(*) from active_users a where a.tenant_id = $1 and a.period = $2 and not a.folded) as active_users,
            coalesce(u.qr_sessions, 0) as qr_sessions, coalesce(u.emails_sent, 0) as emails_sent, t.user_count as users_total
     from tenants t left join usage_totals u on u.tenant_id = t.id and u.period = $2 where t.id = $1`,
    [tenantId, period],
  )
  const { api_calls = 0, active_users = 0, qr_sessions = 0, emails_sent = 0, users_total = 0 } = row ?? {}
  return { tenant_id: tenantId, period, api_calls, active_users, qr_sessions, emails_sent, users_total }
}
