import type { Ctx } from '../platform/context.ts'
import { SYSTEM_TENANT, type TrailRow } from '../platform/trail.ts'
import { type AuditEvent, events } from './events.ts'

export type AuditFacts = {
  /** Owner of the row; the principal's tenant unless said. */
  tenantId?: string
  applicationId?: string | null
  userId?: string | null
  /** Never a secret, token, code or challenge. */
  metadata?: Record<string, unknown>
}

/** One row of the trail; success and category come from the table of events, never from the caller. */
export function auditRow(ctx: Ctx, event: AuditEvent, facts: AuditFacts = {}): TrailRow {
  const { category, success } = events[event]
  const { principal } = ctx
  const metadata = facts.metadata ?? {}
  if (principal.kind === 'end_user' && principal.recordedIn !== undefined) {
    // In that trail the person is who acts; as a user they are the console's, of which the account sees nothing.
    const where = { tenantId: principal.recordedIn, applicationId: null, userId: null }
    return { ...where, event, category, success, metadata }
  }
  return {
    tenantId: facts.tenantId ?? principal.tenantId ?? SYSTEM_TENANT,
    applicationId: facts.applicationId === undefined ? principal.applicationId : facts.applicationId,
    event,
    category,
    success,
    userId: facts.userId ?? null,
    metadata,
  }
}

/** Records an event; the unit of work writes it in the transaction of the change, and a failed write fails the change. */
export function record(ctx: Ctx, event: AuditEvent, facts: AuditFacts = {}): void {
  ctx.trail.push(auditRow(ctx, event, facts))
}
