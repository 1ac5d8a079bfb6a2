export type Scalars = Record<string, string | number | boolean>

export type User = {
  userId: string
  /** Left out for an anonymous user. */
  externalUserId?: string
  isAnonymous: boolean
  email?: string
  metadata?: Scalars
}

export type SignUpOptions = {
  /** Your own id of the user, 1 to 255 characters. Without one the user is anonymous. */
  externalUserId?: string
  displayName?: string
  /** Name of the passkey, 1 to 100 characters. */
  alias?: string
  authenticatorType?: 'platform' | 'cross-platform'
  /** Asks a password manager to add a passkey without a prompt. */
  mediation?: 'conditional'
  /** Comes back as `redirectUrl` if the application lists it. */
  successUrl?: string
  customClaims?: Scalars
  signal?: AbortSignal
}

export type SignUp = {
  success: true
  credentialId: string
  status: string
  sessionToken: string
  user: User
  redirectUrl?: string
}

export type SignInOptions = {
  /** Without one the authenticator offers the passkeys it has for this site. */
  externalUserId?: string
  /** Waits for a choice in the form's autofill; needs an input with `autocomplete="username webauthn"`. */
  mediation?: 'conditional'
  successUrl?: string
  customClaims?: Scalars
  signal?: AbortSignal
}

export type SignIn = {
  authenticated: boolean
  sessionToken: string
  user: User
  signals: { userVerification: boolean; backupEligible: boolean; backupStatus: boolean }
  redirectUrl?: string
}

export type SessionOptions = { sessionToken: string; signal?: AbortSignal }
export type PasskeyOptions = SessionOptions & { credentialId: string }
export type AddPasskeyOptions = SessionOptions & Pick<SignUpOptions, 'alias' | 'displayName' | 'authenticatorType'>

export type AddedPasskey = { credentialId: string; status: string }

export type Passkey = {
  credentialId: string
  status: 'active' | 'revoked'
  alias?: string
  transports?: string[]
  attestationType?: string
  aaguid?: string
  backupEligible: boolean
  backupState: boolean
  createdAt: string
  lastUsedAt?: string
}

export type Session = {
  id: string
  userId: string
  externalUserId?: string
  method: string
  credentialId?: string
  ipAddress?: string
  userAgent?: string
  dbsc: 'none' | 'bound'
  createdAt: string
  lastSeenAt: string
  expiresAt: string
  revokedAt?: string
  /** True for the session whose token asked. */
  current?: boolean
}

export type Validation = {
  valid: boolean
  userId: string
  /** Empty for an anonymous user. */
  externalUserId: string
  tenantId: string
  appId: string
  sessionId: string
  isAnonymous: boolean
  expiresAt: string
  customClaims: Scalars
  /** Who acts for the user, if not the user. */
  actor?: Record<string, unknown>
}

export type OnboardingLinkOptions = {
  /** Default: an end user of the application. */
  userRole?: 'app_user' | 'maintainer'
  /** Where the person goes in the end; one of the application's `success_urls`, letter for letter. */
  returnUrl?: string
  /** Where a page that has expired leads; listed like `returnUrl`. */
  refreshUrl?: string
  /** What the form begins with. */
  prefill?: { displayName?: string; companyName?: string; email?: string }
  signal?: AbortSignal
}

export type OnboardingLink = {
  sessionId: string
  hostedUrl: string
  /** The same as `hostedUrl`. */
  onboardingUrl: string
  /** Seconds. */
  expiresIn: number
}

export type OnboardingStatus = {
  status: 'pending_data' | 'pending_passkey' | 'completed' | 'expired' | 'failed'
  hostedUrl?: string
  onboardingUrl?: string
  expiresIn?: number
}
