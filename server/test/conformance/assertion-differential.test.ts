import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import { expect, it } from 'vitest'
import { type AssertionInput, verifyAssertion } from '../../src/passkeys/assertion.ts'
import { CeremonyError, type CeremonyErrorReason } from '../../src/passkeys/ceremony-error.ts'
import { type Authenticator, createAuthenticator } from '../authenticator.ts'
import { challenge, origin, rpId, userHandle } from '../passkey-ceremonies.ts'
import { assertionMutations, type Change, type MutationKind } from './assertion-mutations.ts'

/** Same mutations in each run: change the seed to look elsewhere. */
const seed = 0x5eed_2026
const rounds = 6000

/** Mulberry32. */
function randomNumbers(state: number): (below: number) => number {
  let s = state
  return (below) => {
    s = (s + 0x6d2b79f5) | 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
const below = randomNumbers(seed)
const kinds = assertionMutations(below)
const one = <T>(values: readonly T[]): T => values[below(values.length)] as T

/** The library's verdict on the same facts. */
async function libraryAccepts({ response, expected, credential }: AssertionInput): Promise<boolean> {
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: response as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
      expectedChallenge: Buffer.from(expected.challenge).toString('base64url'),
      expectedOrigin: [...expected.origins],
      expectedRPID: expected.rpId,
      expectedTopOrigin: expected.topOrigins.length > 0 ? [...expected.topOrigins] : undefined,
      requireUserVerification: expected.userVerification === 'required',
      credential: {
        id: Buffer.from(credential.webauthnId).toString('base64url'),
        publicKey: new Uint8Array(credential.publicKey),
        counter: credential.signCount,
      },
    })
    return verified
  } catch {
    return false
  }
}

/** Ours: `accepted`, or the reason. A regressed counter is refused by whoever calls us, and by the library itself. */
function ourVerdict(input: AssertionInput): CeremonyErrorReason | 'accepted' | 'regressed' {
  try {
    return verifyAssertion(input).counterOutcome === 'ok' ? 'accepted' : 'regressed'
  } catch (error) {
    if (error instanceof CeremonyError) return error.reason
    throw error
  }
}

type Subject = { device: Authenticator; backupEligible: boolean }

function subjects(): Subject[] {
  const options = {
    challenge: challenge.toString('base64url'),
    rp: { id: rpId },
    user: { id: userHandle.toString('base64url') },
  }
  return [-7, -7, -7, -7, -8, -8, -257].map((algorithm, index) => {
    const backupEligible = index % 2 === 1
    const device = createAuthenticator({ algorithm, backupEligible, backupState: index === 3 })
    device.register({ ...options, pubKeyCredParams: [{ alg: algorithm }] }, { origin })
    return { device, backupEligible }
  })
}

function mutated({ device, backupEligible }: Subject, change: Change): AssertionInput {
  const [held] = device.credentials
  if (!held) throw new Error('the authenticator holds no credential')
  const request = { challenge: challenge.toString('base64url'), rpId }
  const response = device.authenticate(request, { origin, mutate: change.mutate })
  change.response?.(response)
  const credential: AssertionInput['credential'] = {
    webauthnId: held.id,
    publicKey: Buffer.from(held.coseKey),
    algorithm: held.algorithm,
    signCount: 0,
    backupEligible,
    userHandle,
  }
  change.credential?.(credential)
  const expected: AssertionInput['expected'] = {
    challenge,
    origins: [origin],
    topOrigins: [],
    rpId,
    userVerification: 'required',
    discoverable: false,
  }
  change.expected?.(expected)
  return { response, expected, credential }
}

it(`security §7: agrees with the library on ${rounds} mutated assertions, but for the rows marked [ours]`, async () => {
  const all = subjects()
  const names = Object.keys(kinds)
  const seen = new Map(names.map((name) => [name, { accepted: 0, refused: 0, ours: 0 }]))
  const disagreements: object[] = []
  for (let round = 0; round < rounds; round++) {
    const name = names[round % names.length] ?? 'honest'
    const { change, ours = [], lenient = false } = kinds[name] as MutationKind
    const input = mutated(one(all), change())
    const verdict = ourVerdict(input)
    const library = await libraryAccepts(input)
    const tally = seen.get(name)
    if (!tally) throw new Error(`no tally of ${name}`)
    if (library === (verdict === 'accepted')) tally[library ? 'accepted' : 'refused'] += 1
    else if (library && (ours as string[]).includes(verdict)) tally.ours += 1
    else if (!library && lenient) tally.ours += 1
    else disagreements.push({ round, name, verdict, library, input: JSON.stringify(input) })
  }
  expect(disagreements.slice(0, 5)).toEqual([])
  // The run means something only if every kind was tried, and if much of it passed as well as failed.
  const total = { accepted: 0, refused: 0, ours: 0 }
  for (const [name, tally] of seen) {
    expect(tally.accepted + tally.refused + tally.ours, name).toBeGreaterThan(200)
    for (const key of ['accepted', 'refused', 'ours'] as const) total[key] += tally[key]
  }
  expect(total.accepted).toBeGreaterThan(rounds / 5)
  expect(total.refused).toBeGreaterThan(rounds / 3)
  process.stdout.write(`  assertion differential: ${JSON.stringify(total)}\n`)
}, 60_000)
