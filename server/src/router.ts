import { accountRouter } from './accounts/router.ts'
import { agentsRouter } from './agents/router.ts'
import { applicationsRouter } from './applications/router.ts'
import { auditLogsRouter } from './audit/router.ts'
import { authorizationRouter } from './authorization/router.ts'
import { clientsRouter } from './clients/router.ts'
import { dashboardRouter } from './console/router.ts'
import { deviceRouter } from './device/router.ts'
import { agentIdentityRouter } from './discovery/router.ts'
import { keysRouter } from './keys/router.ts'
import { connectionRouter } from './mcp/router.ts'
import { invitationsRouter } from './members/router.ts'
import { oauthRouter } from './oauth/router.ts'
import { onboardingRouter } from './onboarding/router.ts'
import { operatorRouter } from './operator/router.ts'
import { passkeysRouter } from './passkeys/router.ts'
import { router } from './platform/procedures.ts'
import { privacyRouter } from './privacy/router.ts'
import { sessionsRouter } from './sessions/router.ts'
import { tenantsRouter } from './tenancy/router.ts'
import { usageRouter } from './usage/router.ts'
import { usersRouter } from './users/router.ts'

/** The table of contents: one line a slice. A procedure's path here is the operation's name everywhere. */
export const appRouter = router({
  onboarding: onboardingRouter,
  oauth: oauthRouter,
  agent_identity: agentIdentityRouter,
  device: deviceRouter,
  authorization: authorizationRouter,
  clients: clientsRouter,
  account: accountRouter,
  invitations: invitationsRouter,
  agents: agentsRouter,
  keys: keysRouter,
  dashboard: dashboardRouter,
  connection: connectionRouter,
  tenants: tenantsRouter,
  applications: applicationsRouter,
  users: usersRouter,
  passkeys: passkeysRouter,
  sessions: sessionsRouter,
  audit_logs: auditLogsRouter,
  usage: usageRouter,
  privacy: privacyRouter,
  operator: operatorRouter,
})

export type AppRouter = typeof appRouter
