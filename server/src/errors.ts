import { accountErrors } from './accounts/errors.ts'
import { agentErrors } from './agents/errors.ts'
import { applicationErrors } from './applications/errors.ts'
import { authorizationErrors } from './authorization/errors.ts'
import { claimErrors } from './claim/errors.ts'
import { clientErrors } from './clients/errors.ts'
import { consoleErrors } from './console/errors.ts'
import { credentialErrors } from './credentials/errors.ts'
import { deviceErrors } from './device/errors.ts'
import { discoveryErrors } from './discovery/errors.ts'
import { keyErrors } from './keys/errors.ts'
import { memberErrors } from './members/errors.ts'
import { oauthErrors } from './oauth/errors.ts'
import { onboardingErrors } from './onboarding/errors.ts'
import { passkeyErrors } from './passkeys/errors.ts'
import { genericErrors, registerErrors } from './platform/errors.ts'
import { sessionErrors } from './sessions/errors.ts'
import { tenancyErrors } from './tenancy/errors.ts'
import { userErrors } from './users/errors.ts'

/** Every code the server may answer. A slice adds its table here; duplicates stop the start. */
export const errorTables = [
  genericErrors,
  onboardingErrors,
  accountErrors,
  memberErrors,
  agentErrors,
  consoleErrors,
  deviceErrors,
  claimErrors,
  clientErrors,
  authorizationErrors,
  keyErrors,
  oauthErrors,
  discoveryErrors,
  applicationErrors,
  tenancyErrors,
  userErrors,
  credentialErrors,
  passkeyErrors,
  sessionErrors,
] as const

type KeysOf<T> = T extends object ? keyof T : never
export type ErrorCode = KeysOf<(typeof errorTables)[number]> & string

registerErrors([...errorTables])
