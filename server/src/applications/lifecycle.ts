import { record } from '../audit/record.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Person } from '../platform/principal.ts'
import { accountOf, planOf, requireApplication } from './find.ts'
import { present } from './present.ts'

export type Reasoned = { id: string; reason?: string | undefined }

const events = { suspended: 'application.suspended', active: 'application.activated' } as const

/** Every instance hears of it at commit, so nothing serves the application a second later (http-api.md §1.2). */
async function changeStatus(ctx: Ctx<Person>, { id, reason }: Reasoned, status: keyof typeof events) {
  const row = await requireApplication(ctx, id, 'lifecycle', { lock: true })
  const { tenantId } = row
  if (row.status === status) throw new ApiError('invalid_state', { message: `The application is ${status} already.` })
  const saved = await ctx.db.application.update({
    where: { tenantId_id: { tenantId, id } },
    data: { status, updatedAt: ctx.now() },
  })
  await touch(ctx, 'client', row.clientId)
  record(ctx, events[status], { tenantId, applicationId: id, metadata: reason === undefined ? {} : { reason } })
  return present(saved, await planOf(ctx, tenantId))
}

/**
 * Stops an application: its backend cannot authenticate, its browsers and end users get 403 tenant_inactive.
 * @throws 404 application_not_found; 409 invalid_state
 */
export const suspend = (ctx: Ctx<Person>, input: Reasoned) => changeStatus(ctx, input, 'suspended')

/**
 * Serves a suspended application again: secrets, tokens and sessions that have not expired work as before.
 * @throws 404 application_not_found; 409 invalid_state
 */
export const activate = (ctx: Ctx<Person>, input: Reasoned) => changeStatus(ctx, input, 'active')

/**
 * Deletes an application: from now on it answers like one that never was. What it owned is erased after 30 days
 * (`erase.ts`).
 * @throws 404 application_not_found
 */
export async function remove(ctx: Ctx<Person>, input: { id: string }) {
  const { tenantId, id, clientId } = await requireApplication(ctx, input.id, 'lifecycle', { lock: true })
  const now = ctx.now()
  await ctx.db.application.update({
    where: { tenantId_id: { tenantId, id } },
    data: { status: 'deleted', deletedAt: now, updatedAt: now },
  })
  await touch(ctx, 'client', clientId)
  await touch(ctx, 'application', id)
  await touch(ctx, 'account', (await accountOf(ctx, tenantId)).id)
  record(ctx, 'application.deleted', { tenantId, applicationId: id })
  return undefined
}
