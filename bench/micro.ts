import { createPublicKey, generateKeyPairSync, hash, randomUUID, verify } from 'node:crypto'
import { existsSync } from 'node:fs'
import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import { authenticate, createPasskey, type Passkey } from './authenticator.ts'
import type { MicroFigure } from './report.ts'
import { SITE } from './works.ts'

/*
 * The assertion check alone, without HTTP or database: ours and the library's against one raw signature check, in
 * alternated rounds on one core. Prints JSON. First argument: seconds a round.
 */

const ROUNDS = 5
const PASSKEYS = 64
const BATCH = 64

type Check = { name: string; target?: string; once: (number: number) => void | Promise<void> }
type Sample = { passkey: Passkey; challenge: string; response: ReturnType<typeof authenticate> }

const must = (right: boolean) => {
  if (!right) throw new Error('a check said no')
}

const samples: Sample[] = Array.from({ length: PASSKEYS }, () => {
  const passkey = createPasskey()
  const challenge = Buffer.from(randomUUID().replaceAll('-', '')).toString('base64url')
  return { passkey, challenge, response: authenticate(passkey, challenge, SITE) }
})
const sample = (number: number) => samples[number % PASSKEYS] as Sample
const bytes = (text: string) => Buffer.from(text, 'base64url')

function rawVerify(): Check {
  const prepared = samples.map(({ passkey, response: { response } }) => ({
    key: createPublicKey({ key: bytes(passkey.spki), format: 'der', type: 'spki' }),
    signed: Buffer.concat([
      bytes(response.authenticatorData),
      hash('sha256', bytes(response.clientDataJSON), 'buffer'),
    ]),
    signature: bytes(response.signature),
  }))
  return {
    name: 'raw P-256 verify, cached key',
    once(number) {
      const { key, signed, signature } = prepared[number % PASSKEYS] as (typeof prepared)[0]
      must(verify('sha256', signed, key, signature))
    },
  }
}

function library(): Check {
  const keys = samples.map(({ passkey }) => bytes(passkey.cosePublicKey))
  return {
    name: 'SimpleWebAuthn verifyAuthenticationResponse',
    async once(number) {
      const { passkey, challenge, response } = sample(number)
      const { verified } = await verifyAuthenticationResponse({
        response: { ...response, type: 'public-key' },
        expectedChallenge: challenge,
        expectedOrigin: SITE.origin,
        expectedRPID: SITE.rpId,
        requireUserVerification: false,
        credential: { id: passkey.id, publicKey: keys[number % PASSKEYS] as Uint8Array<ArrayBuffer>, counter: 0 },
      })
      must(verified)
    },
  }
}

const server = (path: string) => new URL(`../server/src/${path}`, import.meta.url)

/** Our own functions, imported by path so that the benchmark's types do not depend on the server's. */
async function ours(): Promise<Check[]> {
  const [assertion, jwt] = [server('passkeys/assertion.ts'), server('platform/jwt.ts')]
  if (!existsSync(assertion) || !existsSync(jwt)) return []
  const { verifyAssertion } = await import(assertion.href)
  const { signJwt } = await import(jwt.href)
  const records = samples.map(({ passkey, challenge }) => ({
    expected: {
      challenge: bytes(challenge),
      origins: [SITE.origin],
      topOrigins: [],
      rpId: SITE.rpId,
      userVerification: 'preferred',
      discoverable: true,
    },
    credential: {
      webauthnId: bytes(passkey.id),
      publicKey: new Uint8Array(bytes(passkey.cosePublicKey)),
      algorithm: -7,
      signCount: 0,
      backupEligible: false,
      userHandle: bytes(passkey.userHandle),
    },
  }))
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { kid: 'A'.repeat(43), algorithm: 'ES256', ...pair }
  const claims = {
    iss: SITE.origin,
    sub: randomUUID(),
    aud: ['cli_bench', 'end-user'],
    tenant_id: 'org_bench',
    app_id: 'app_bench',
    user_id: randomUUID(),
    external_user_id: 'bench-user-1',
    iat: 1_800_000_000,
    exp: 1_800_086_400,
    jti: randomUUID(),
  }
  return [
    {
      name: 'our assertion check',
      target: '≤ 1.3 × raw verify',
      once: (number) =>
        must(
          verifyAssertion({ response: sample(number).response, ...records[number % PASSKEYS] }).counterOutcome === 'ok',
        ),
    },
    { name: 'our session token', target: '≤ 30 µs', once: () => must(signJwt(key, 'JWT', claims).length > 100) },
  ]
}

const checks = [rawVerify(), ...(await ours()), library()]
const spent = checks.map(() => ({ operations: 0, microseconds: 0 }))
const roundMs = Number(process.argv[2] ?? 1) * 1000

for (let round = 0; round <= ROUNDS; round++) {
  for (const [index, check] of checks.entries()) {
    const [before, deadline] = [process.cpuUsage(), performance.now() + roundMs]
    let operations = 0
    while (performance.now() < deadline) for (let count = 0; count < BATCH; count++) await check.once(operations++)
    const { user, system } = process.cpuUsage(before)
    const total = spent[index]
    if (round === 0 || !total) continue // the first round warms
    total.operations += operations
    total.microseconds += user + system
  }
}

const each = spent.map(({ operations, microseconds }) => microseconds / operations)
const figures: MicroFigure[] = checks.map(({ name, target }, index) => ({
  name,
  target,
  microseconds: each[index] ?? Number.NaN,
  ratio: (each[index] ?? Number.NaN) / (each[0] ?? Number.NaN),
}))
console.log(JSON.stringify(figures))
