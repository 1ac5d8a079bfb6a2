/** What each plan allows; null is no limit (http-api.md §3.17). */
export type PlanLimits = {
  users: number | null
  applications: number | null
  origins: number
  auditRetentionDays: number
}

export const plans = {
  free_ai: { users: 15, applications: 1, origins: 3, auditRetentionDays: 30 },
  starter: { users: 1_000, applications: 3, origins: 5, auditRetentionDays: 90 },
  growth: { users: 10_000, applications: 10, origins: 10, auditRetentionDays: 90 },
  scale: { users: 100_000, applications: 50, origins: 20, auditRetentionDays: 365 },
  enterprise: { users: null, applications: null, origins: 20, auditRetentionDays: 730 },
} as const satisfies Record<string, PlanLimits>

export type Plan = keyof typeof plans

export const INACTIVITY_PURGE_DAYS = 7

export const limitsOf = (plan: string): PlanLimits => plans[plan as Plan] ?? plans.free_ai
