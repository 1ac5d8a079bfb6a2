import type { Ctx } from '../platform/context.ts'

/** The keyed hash under which a user code is stored: it has few bits, and must not be found by trying (agents.md §4.1). */
export const hashUserCode = (ctx: Ctx, code: string): Buffer => ctx.deps.secrets.hash(`user code ${code}`)
