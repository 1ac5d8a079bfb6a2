import type { Ctx } from '../platform/context.ts'
import type { Publishable } from '../platform/principal.ts'
import { CONSOLE_APPLICATION_ID, CONSOLE_CLIENT_ID, CONSOLE_TENANT_ID, consoleApplication } from './console.ts'

/** The same call as from a page that holds the console's publishable key: what the passkey ceremonies ask for. */
export const atConsole = async (ctx: Ctx): Promise<Ctx<Publishable>> => ({
  ...ctx,
  principal: {
    kind: 'anonymous',
    id: CONSOLE_CLIENT_ID,
    clientId: CONSOLE_CLIENT_ID,
    tenantId: CONSOLE_TENANT_ID,
    applicationId: CONSOLE_APPLICATION_ID,
    bucket: null,
    origin: ctx.request.origin,
    application: await consoleApplication(ctx),
  },
})
