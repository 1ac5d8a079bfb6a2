import { z } from 'zod'
import { type ClientKey, PublicKey } from '../applications/client-jwks.ts'
import type { Ctx } from '../platform/context.ts'
import { publishedJson } from './fetched.ts'

/** Where the public keys of a client stand that signs assertions: in its metadata document, or at an address of its host. */
export type KeySource = { keys: readonly ClientKey[] } | { uri: string }

const KeySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).max(10) })

/** Of a private or a symmetric key (RFC 7518 §6.2.2, §6.3.2, §6.4.1). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** What is read of a key; the rest, such as a certificate for it, proves nothing here. */
const members = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'use', 'alg']

/**
 * The keys of a JWK Set that can sign assertions, or null. Keys for something else are passed over (RFC 7517 §5); a set that
 * gives away what must be kept is refused whole, and so is one of more than 10 keys or without a usable one.
 */
export function readKeySet(json: unknown): readonly ClientKey[] | null {
  const parsed = KeySet.safeParse(json)
  if (!parsed.success) return null
  const { keys } = parsed.data
  const isSecret = keys.some((key) => key.kty === 'oct' || secretMembers.some((member) => Object.hasOwn(key, member)))
  if (isSecret) return null
  const usable = keys.flatMap((key) => {
    const read = PublicKey.safeParse(Object.fromEntries(Object.entries(key).filter(([name]) => members.includes(name))))
    return read.success ? [read.data] : []
  })
  return usable.length > 0 ? usable : null
}

const published = publishedJson('client keys', (_, json) => readKeySet(json))

/**
 * The public keys of a client; none: it has none, or they cannot be read now. A set that lacks the key looked for is fetched
 * anew, once a minute at most. Not to be called inside a transaction.
 */
export async function keysOf(
  ctx: Ctx,
  source: KeySource | null,
  isWanted: (key: ClientKey) => boolean,
): Promise<readonly ClientKey[]> {
  if (source === null) return []
  if ('keys' in source) return source.keys
  return (await published(ctx, source.uri, (keys) => keys.some(isWanted))) ?? []
}
