import type { HotApplication } from '../applications/hot.ts'
import type { Ctx } from '../platform/context.ts'
import { addSeconds, toIso } from '../platform/time.ts'
import { INACTIVITY_PURGE_DAYS } from './plans.ts'

/** Tells an unclaimed tenant when it would be purged if this call were its last (http-api.md §2.7). */
export function announcePurge(ctx: Ctx, application: HotApplication): void {
  if (application.unclaimed)
    ctx.response.headers['x-inactivity-purge-at'] = toIso(addSeconds(ctx.now(), INACTIVITY_PURGE_DAYS * 86_400))
}
