import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import { expect, it } from 'vitest'
import { type AssertionInput, verifyAssertion } from '../../src/passkeys/assertion.ts'
import { CeremonyError, type CeremonyErrorReason } from '../../src/passkeys/ceremony-error.ts'
import {
  type AuthenticationResponse,
  type Authenticator,
  createAuthenticator,
  type Mutation,
} from '../authenticator.ts'
import { cborMap, encodeCbor } from '../encode-cbor.ts'
import { challenge, origin, rpId, userHandle } from '../passkey-ceremonies.ts'

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
const one = <T>(values: readonly T[]): T => values[below(values.length)] as T

const flipped = (bytes: Uint8Array): Buffer => {
  const copy = Buffer.from(bytes)
  const at = below(copy.length)
  copy[at] = (copy[at] ?? 0) ^ (1 << below(8))
  return copy
}
/** A bit flipped, a byte cut off, added or doubled. */
const damaged = (bytes: Uint8Array): Buffer =>
  one([
    () => flipped(bytes),
    () => Buffer.from(bytes).subarray(0, bytes.length - 1 - below(4)),
    () => Buffer.concat([bytes, Buffer.from([below(256)])]),
    () => Buffer.from(bytes).subarray(1),
  ])()

/** What is changed: the ceremony before it is signed, the response after, or what the server stored and expects. */
type Change = {
  mutate?: Mutation
  response?: (response: AuthenticationResponse) => void
  credential?: (credential: AssertionInput['credential']) => void
  expected?: (expected: AssertionInput['expected']) => void
}
type Kind = {
  change: () => Change
  /** [ours]: reasons for which we refuse what the library accepts. */
  ours?: readonly CeremonyErrorReason[]
  /** The library refuses what we accept, by documented decision. */
  lenient?: boolean
}

const inner =
  (member: 'clientDataJSON' | 'authenticatorData' | 'signature', edit: (bytes: Buffer) => Uint8Array) =>
  ({ response }: AuthenticationResponse): void => {
    response[member] = Buffer.from(edit(Buffer.from(response[member], 'base64url'))).toString('base64url')
  }
const members = (changes: () => object): Change => {
  const chosen = changes()
  return { mutate: { clientData: (honest) => ({ ...honest, ...chosen }) } }
}
const otherText = Buffer.from('somebody-else').toString('base64url')

const kinds: Record<string, Kind> = {
  honest: { change: () => ({}) },
  'authenticatorData damaged after signing': {
    change: () => ({ response: inner('authenticatorData', damaged) }),
  },
  'clientDataJSON damaged after signing': { change: () => ({ response: inner('clientDataJSON', damaged) }) },
  'signature damaged': {
    change: () => ({ response: inner('signature', damaged) }),
    // 71: DER with bytes left over or longer than needed.
    ours: ['signature'],
  },
  'stored key damaged': {
    change: () => ({
      credential: (credential) => {
        credential.publicKey = Buffer.from(damaged(credential.publicKey))
      },
    }),
    // 16, 29: canonical CBOR, and algorithm, type and curve that belong together.
    ours: ['format', 'algorithm', 'key'],
  },
  'authenticatorData damaged before signing': {
    change: () => ({ mutate: { authData: damaged } }),
    ours: ['backup_eligibility', 'format'],
  },
  'flags chosen before signing': {
    change: () => {
      const flags = below(256)
      return { mutate: { flags: () => flags } }
    },
    ours: ['backup_eligibility'],
  },
  'counters chosen': {
    change: () => {
      const stored = one([0, 0, 1, 2, 7, 4_294_967_295, below(100)])
      const counter = one([0, 0, 1, 2, 7, 4_294_967_295, below(100)])
      return {
        mutate: { counter },
        credential: (credential) => {
          credential.signCount = stored
        },
      }
    },
  },
  'user verification': {
    change: () => {
      const flags = one([0x01, 0x05, 0x04, 0x00])
      const userVerification = one(['required', 'preferred', 'discouraged'] as const)
      return {
        mutate: { flags: (bits) => (bits & ~0x05) | flags },
        expected: (expected) => {
          expected.userVerification = userVerification
        },
      }
    },
  },
  'type of client data': {
    change: () =>
      members(() => ({ type: one(['webauthn.create', 'Webauthn.get', 'webauthn.get ', '', 'webauthn.get']) })),
  },
  'challenge of client data': {
    change: () => {
      const text = challenge.toString('base64url')
      const other = one([flipped(challenge), challenge.subarray(1), Buffer.alloc(0)]).toString('base64url')
      return members(() => ({ challenge: one([text, `${text}=`, other, ` ${text}`, text.toUpperCase()]) }))
    },
  },
  'origin of client data': {
    change: () =>
      members(() => ({
        origin: one([
          origin,
          `${origin}/`,
          `${origin}.`,
          `${origin}:443`,
          origin.toUpperCase(),
          'http://example.com',
          'null',
          '',
        ]),
      })),
  },
  frames: {
    change: () => {
      const crossOrigin = one([true, false, undefined])
      const topOrigin = one([undefined, 'https://shop.example', 'https://evil.example'])
      const topOrigins = one([[], ['https://shop.example']])
      return {
        ...members(() => ({ crossOrigin, topOrigin })),
        expected: (expected) => {
          expected.topOrigins = topOrigins
        },
      }
    },
    // 10: crossOrigin without topOrigin needs a policy.
    ours: ['cross_origin'],
  },
  'members of another type': {
    change: () => members(() => ({ [one(['type', 'challenge', 'origin'])]: one([null, 1, [], {}, true, undefined]) })),
  },
  'crossOrigin and topOrigin of another type': {
    change: () => members(() => ({ [one(['crossOrigin', 'topOrigin'])]: one([null, 0, '', 'false', [], 1]) })),
    ours: ['client_data', 'cross_origin', 'top_origin'],
  },
  'unknown members': {
    change: () =>
      members(() => ({ [one(['extraData', 'androidPackageName', '__proto__x'])]: one(['x', {}, [1], null]) })),
  },
  tokenBinding: {
    change: () =>
      members(() => ({
        tokenBinding: one([{ status: 'present', id: 'x' }, { status: 'supported' }, { status: 'odd' }, 'x']),
      })),
    // 13: Level 3 dropped the member, and so do we.
    lenient: true,
  },
  'raw bytes of client data, signed': {
    change: () => {
      const bom = Buffer.from('efbbbf', 'hex')
      const edit = one([
        (bytes: Buffer) => flipped(bytes),
        (bytes: Buffer) => Buffer.concat([bytes, Buffer.from(' ')]),
        (bytes: Buffer) => Buffer.concat([Buffer.from('\n\t'), bytes]),
        (bytes: Buffer) => Buffer.concat([bom, bytes]),
        (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')]),
        (bytes: Buffer) =>
          Buffer.concat([bytes.subarray(0, -1), Buffer.from(',"x":"'), Buffer.from([0xff]), Buffer.from('"}')]),
      ])
      return { mutate: { clientDataJson: edit } }
    },
    // 3: strict UTF-8. A flip inside a name can hide crossOrigin or turn it.
    ours: ['client_data'],
  },
  'extension data': {
    change: () => {
      const honest = encodeCbor(cborMap('credProtect', 2))
      const extensionData = one([
        honest,
        honest,
        Buffer.from('a0', 'hex'),
        Buffer.from('bfff', 'hex'),
        Buffer.from('a2616101616102', 'hex'),
        Buffer.from('b80161611800', 'hex'),
        Buffer.from('a2616201616101', 'hex'),
        Buffer.concat([honest, Buffer.alloc(1)]),
        honest.subarray(0, -1),
        encodeCbor([1]),
        flipped(honest),
      ])
      const flags = one([0x80, 0x80, 0x80, 0])
      return { mutate: { extensionData, flags: (bits) => bits | flags } }
    },
    // 16: canonical CBOR.
    ours: ['format'],
  },
  'outer ids and type': {
    change: () => {
      const [id, rawId, type] = [
        one([undefined, otherText, '']),
        one([undefined, otherText, '']),
        one([undefined, 'password']),
      ]
      const both = below(2) === 0
      return {
        response: (response) => {
          if (id !== undefined) response.id = id
          if (rawId !== undefined || both) response.rawId = both ? response.id : (rawId ?? response.rawId)
          if (type !== undefined) response.type = type as 'public-key'
        },
      }
    },
    // 61: the id must be that of the credential.
    ours: ['credential_id'],
  },
  'user handle': {
    change: () => {
      const handle = one([null, '', otherText, userHandle.toString('base64url')])
      const discoverable = one([true, false])
      return {
        mutate: { userHandle: handle },
        expected: (expected) => {
          expected.discoverable = discoverable
        },
      }
    },
    // 58, 59: the caller's job there, ours here.
    ours: ['user_handle'],
  },
  'backup eligibility': {
    change: () => {
      const stored = one([true, false])
      const flags = one([0x00, 0x08, 0x18, 0x10])
      return {
        mutate: { flags: (bits) => (bits & ~0x18) | flags },
        credential: (credential) => {
          credential.backupEligible = stored
        },
      }
    },
    // 68: the caller's job there, ours here.
    ours: ['backup_eligibility'],
  },
  'stored algorithm': {
    change: () => {
      const algorithm = one([-7, -8, -257, -35])
      return {
        credential: (credential) => {
          credential.algorithm = algorithm
        },
      }
    },
    // 70: the library knows only the key's own.
    ours: ['algorithm'],
  },
  'spelling of base64url': {
    change: () => {
      const member = one(['clientDataJSON', 'authenticatorData', 'signature'] as const)
      const edit = one([
        (text: string) => `${text}=`,
        (text: string) => text.replaceAll('-', '+').replaceAll('_', '/'),
        (text: string) => `${text}!`,
        (text: string) => ` ${text}`,
      ])
      return {
        response: ({ response }) => {
          response[member] = edit(response[member])
        },
      }
    },
    // 7: one value, one spelling.
    ours: ['format', 'client_data'],
  },
  'expectations of another ceremony': {
    change: () => {
      const edit = one<(expected: AssertionInput['expected']) => void>([
        (expected) => {
          expected.rpId = one(['www.example.com', 'com', rpId])
        },
        (expected) => {
          expected.origins = one([[], ['https://other.example'], ['https://other.example', origin]])
        },
        (expected) => {
          expected.challenge = one([flipped(challenge), challenge])
        },
      ])
      return { expected: edit }
    },
  },
}

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
    const { change, ours = [], lenient = false } = kinds[name] as Kind
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
  if (process.env.DIFF_DETAIL) process.stdout.write(`${JSON.stringify([...seen], null, 1)}\n`)
}, 60_000)
