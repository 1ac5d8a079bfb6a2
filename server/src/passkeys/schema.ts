import { z } from 'zod'
import { Alias } from '../credentials/schema.ts'
import { uuid } from '../platform/ids.ts'
import { displayText, timestamp } from '../platform/text.ts'
import { CustomClaims, ExternalUserId } from '../users/schema.ts'

const bytes = (max: number) =>
  z.string().max(max, `must be at most ${max} characters`).meta({ description: 'Unpadded base64url.' })
// Whatever the browser adds is accepted and ignored; what is read is checked where it is read.
const outer = <T extends z.ZodRawShape>(response: T) =>
  z.looseObject({
    id: bytes(1400),
    rawId: bytes(1400),
    type: z.string().max(32),
    response: z.looseObject(response),
    authenticatorAttachment: z.string().max(32).nullish(),
    clientExtensionResults: z.looseObject({}).optional(),
  })

/** RegistrationResponseJSON (WebAuthn L3 §5.1.8). */
export const RegistrationResponse = outer({
  clientDataJSON: bytes(16_384),
  attestationObject: bytes(60_000),
  transports: z.array(z.string().max(32)).max(20).optional(),
}).meta({ id: 'RegistrationResponse' })

/** AuthenticationResponseJSON (WebAuthn L3 §5.1.8). */
export const AuthenticationResponse = outer({
  clientDataJSON: bytes(16_384),
  authenticatorData: bytes(16_384),
  signature: bytes(16_384),
  userHandle: bytes(128).nullish(),
}).meta({ id: 'AuthenticationResponse' })

const SessionId = uuid.meta({ description: 'From the start of the ceremony.' })
const SuccessUrl = z
  .string()
  .max(2000)
  .optional()
  .meta({ description: 'Comes back as `redirect_url` if the application lists it.' })
const Descriptor = z.object({
  type: z.literal('public-key'),
  id: z.string(),
  transports: z.array(z.string()).optional(),
})
const UserVerification = z.enum(['required', 'preferred'])

export const RegisterStart = z.strictObject({
  external_user_id: ExternalUserId.optional(),
  display_name: displayText(1, 100).optional(),
  authenticator_type: z.enum(['platform', 'cross-platform']).optional(),
  mediation: z.literal('conditional').optional(),
})

export const CreationOptions = z
  .object({
    rp: z.object({ id: z.string(), name: z.string() }),
    user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
    challenge: z.string(),
    pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.number().int() })),
    timeout: z.number().int(),
    excludeCredentials: z.array(Descriptor),
    authenticatorSelection: z.object({
      authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional(),
      residentKey: z.enum(['required', 'preferred', 'discouraged']),
      requireResidentKey: z.boolean(),
      userVerification: UserVerification,
    }),
    attestation: z.enum(['none', 'indirect', 'direct', 'enterprise']),
    hints: z.array(z.string()).optional(),
    extensions: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'CreationOptions' })

export const Registration = z
  .object({ session_id: z.string(), expires_at: timestamp, challenge: CreationOptions })
  .meta({ id: 'Registration' })

export const RegisterFinish = z.strictObject({
  session_id: SessionId,
  credential: RegistrationResponse,
  alias: Alias.optional(),
  success_url: SuccessUrl,
  custom_claims: CustomClaims.optional(),
})

export const SignedInUser = z
  .object({
    user_id: z.string(),
    external_user_id: z.string().nullable(),
    is_anonymous: z.boolean(),
    email: z.string().optional(),
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .meta({ id: 'SignedInUser' })

export const Registered = z
  .object({
    credential_id: z.string(),
    status: z.literal('active'),
    session_token: z.string(),
    user: SignedInUser,
    redirect_url: z.string().optional(),
  })
  .meta({ id: 'Registered' })

export const AuthStart = z.strictObject({
  external_user_id: ExternalUserId.optional(),
  mediation: z.literal('conditional').optional(),
})

export const RequestOptions = z
  .object({
    challenge: z.string(),
    rpId: z.string(),
    allowCredentials: z.array(Descriptor).optional(),
    timeout: z.number().int(),
    userVerification: UserVerification,
  })
  .meta({ id: 'RequestOptions' })

export const Authentication = z
  .object({ session_id: z.string(), expires_at: timestamp, challenge: RequestOptions })
  .meta({ id: 'Authentication' })

export const AuthFinish = z.strictObject({
  session_id: SessionId,
  credential: AuthenticationResponse,
  success_url: SuccessUrl,
  custom_claims: CustomClaims.optional(),
})

export const Authenticated = z
  .object({
    authenticated: z.literal(true),
    session_token: z.string(),
    user: SignedInUser,
    signals: z.object({ userVerification: z.boolean(), backupEligible: z.boolean(), backupStatus: z.boolean() }),
    redirect_url: z.string().optional(),
  })
  .meta({ id: 'Authenticated' })
