import { applicationsRouter } from './applications/router.ts'
import { auditLogsRouter } from './audit/router.ts'
import { oauthRouter } from './oauth/router.ts'
import { onboardingRouter } from './onboarding/router.ts'
import { passkeysRouter } from './passkeys/router.ts'
import { router } from './platform/procedures.ts'
import { privacyRouter } from './privacy/router.ts'
import { sessionsRouter } from './sessions/router.ts'
import { usageRouter } from './usage/router.ts'
import { usersRouter } from './users/router.ts'

/** The table of contents: one line a slice. A procedure's path here is the operation's name everywhere. */
export const appRouter = router({
  onboarding: onboardingRouter,
  oauth: oauthRouter,
  applications: applicationsRouter,
  users: usersRouter,
  passkeys: passkeysRouter,
  sessions: sessionsRouter,
  audit_logs: auditLogsRouter,
  usage: usageRouter,
  privacy: privacyRouter,
})

export type AppRouter = typeof appRouter
