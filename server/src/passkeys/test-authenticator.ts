import { createHmac } from 'node:crypto'
import type { Ctx } from '../platform/context.ts'
import { equal, randomBytes } from '../platform/secrets.ts'
import { decodeBase64Url } from './base64url.ts'
import type { RegisteredCredential } from './registration-response.ts'

type Operation = 'register' | 'authenticate'

const toleranceMillis = 60_000

/**
 * Whether a finish carries a valid `X-Test-Authenticator` for this user and operation (http-api.md §3.7): base64url JSON
 * `{externalUserId, operation, ts, sig}`, `sig` = base64url HMAC-SHA-256 of `externalUserId|operation|ts` (milliseconds),
 * `ts` within 60 s. Only where `WEBAUTHN_TEST_MODE` is on, which a production start refuses.
 */
export function isTestAuthenticator(ctx: Ctx, operation: Operation, externalUserId: string | null): boolean {
  const { WEBAUTHN_TEST_MODE: on, TEST_AUTHENTICATOR_SECRET: secret } = ctx.deps.config
  const header = ctx.request.testAuthenticator
  if (!on || !secret || header === null || externalUserId === null) return false
  const bytes = decodeBase64Url(header)
  if (!bytes) return false
  let sent: Record<string, unknown>
  try {
    sent = Object(JSON.parse(bytes.toString())) as Record<string, unknown>
  } catch {
    return false
  }
  const { ts, sig } = sent
  if (sent.externalUserId !== externalUserId || sent.operation !== operation || !Number.isSafeInteger(ts)) return false
  if (Math.abs(ctx.now().getTime() - (ts as number)) > toleranceMillis) return false
  const expected = createHmac('sha256', secret).update(`${externalUserId}|${operation}|${ts}`).digest()
  return equal(expected, decodeBase64Url(sig) ?? Buffer.alloc(0))
}

/** What is stored for a stand-in: a passkey that no authenticator can ever use. */
export const standIn = (): RegisteredCredential => ({
  webauthnId: randomBytes(32) as Buffer<ArrayBuffer>,
  publicKey: Buffer.alloc(0),
  algorithm: -7,
  signCount: 0,
  aaguid: '00000000-0000-0000-0000-000000000000',
  attestationType: 'none',
  attestationTrust: 'none',
  attestationPaths: [],
  backupEligible: false,
  backupState: false,
  userVerified: true,
  transports: [],
  attachment: null,
  extensions: {},
  discoverable: null,
  attestationObject: Buffer.alloc(0),
  clientDataJson: Buffer.alloc(0),
})
