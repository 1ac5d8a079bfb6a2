import { addSeconds } from '../platform/time.ts'
import { limitsOf, plans } from './plans.ts'

/** The plan of an account, and the one before it. */
export type PlanState = { plan: string; previousPlan: string | null; planChangedAt: Date | null }

const daySeconds = 86_400
const graceSeconds = 30 * daySeconds
const windows = Object.values(plans).map(({ auditRetentionDays }) => auditRetentionDays)

/** How many days audit rows are kept; after a downgrade the longer window counts for 30 more days (http-api.md §6). */
function daysOf({ plan, previousPlan, planChangedAt }: PlanState, now: Date): number {
  const days = limitsOf(plan).auditRetentionDays
  if (previousPlan === null || planChangedAt === null || now >= addSeconds(planChangedAt, graceSeconds)) return days
  return Math.max(days, limitsOf(previousPlan).auditRetentionDays)
}

/** How long audit rows are kept under each plan, in days; those of no tenant as long as under any (http-api.md §3.17). */
export const auditRetention = { shortestDays: Math.min(...windows), longestDays: Math.max(...windows), daysOf }
