import type { AssertionInput } from '../../src/passkeys/assertion.ts'
import type { CeremonyErrorReason } from '../../src/passkeys/ceremony-error.ts'
import type { AuthenticationResponse, Mutation } from '../authenticator.ts'
import { cborMap, encodeCbor } from '../encode-cbor.ts'
import { challenge, origin, rpId, userHandle } from '../passkey-ceremonies.ts'

/** What is changed: the ceremony before it is signed, the response after, or what the server stored and expects. */
export type Change = {
  mutate?: Mutation
  response?: (response: AuthenticationResponse) => void
  credential?: (credential: AssertionInput['credential']) => void
  expected?: (expected: AssertionInput['expected']) => void
}
export type MutationKind = {
  change: () => Change
  /** [ours]: reasons for which we refuse what the library accepts. */
  ours?: readonly CeremonyErrorReason[]
  /** The library refuses what we accept, by documented decision. */
  lenient?: boolean
}

/**
 * Ways to spoil an assertion, by name; each call of `change` draws a new one.
 * @param below gives a whole number from 0 to below its argument, the same ones for the same seed
 */
export function assertionMutations(below: (limit: number) => number): Record<string, MutationKind> {
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

  return {
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
      change: () =>
        members(() => ({ [one(['type', 'challenge', 'origin'])]: one([null, 1, [], {}, true, undefined]) })),
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
}
