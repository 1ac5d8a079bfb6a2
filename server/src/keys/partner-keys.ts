import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { ApiError } from '../platform/errors.ts'
import { monotonic } from '../platform/time.ts'

const lifeMillis = 3_600_000
/** How soon a key that is not in the list may make us ask for it again: whoever invents ids must not drive us. */
const askAgainMillis = 60_000
const patienceMillis = 5_000
const longestList = 65_536

const KeyList = z.object({
  public_keys: z.array(z.object({ key_identifier: z.string().max(255), key: z.string().max(4096) })).max(100),
})

type Known = { keys: ReadonlyMap<string, KeyObject>; at: number }

const known = new LRUCache<string, Known>({ max: 10 })
const asking = new Map<string, Promise<Known>>()

function read(text: string): ReadonlyMap<string, KeyObject> {
  const list = KeyList.parse(JSON.parse(text)).public_keys
  const keys = list.map(({ key_identifier, key }) => [key_identifier, createPublicKey(key)] as const)
  return new Map(keys.filter(([, key]) => key.asymmetricKeyDetails?.namedCurve === 'prime256v1'))
}

async function ask(url: string): Promise<Known> {
  const answer = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(patienceMillis),
    headers: { accept: 'application/json', 'user-agent': 'trymellon' },
  })
  const text = answer.ok ? await answer.text() : ''
  if (text === '' || text.length > longestList) throw new Error(`the list of keys answered ${answer.status}`)
  const list = { keys: read(text), at: monotonic() }
  known.set(url, list)
  return list
}

/** The list, asked for once however many want it. @throws 503 service_unavailable */
async function listOf(url: string, maxAge: number): Promise<Known> {
  const list = known.get(url)
  if (list && monotonic() - list.at < maxAge) return list
  const pending = asking.get(url) ?? ask(url).finally(() => asking.delete(url))
  asking.set(url, pending)
  try {
    return await pending
  } catch (error) {
    if (list) return list
    throw new ApiError('service_unavailable', { cause: error, retryAfter: 60 })
  }
}

export type Signed = { body: Uint8Array; keyId: string | null; signature: string | null }

/**
 * Whether one of the published keys made this signature: ECDSA on P-256 with SHA-256 over the raw body (agents.md §6).
 * @param url of the list, as GitHub publishes it: `{public_keys: [{key_identifier, key}]}`; kept for an hour
 * @throws 503 service_unavailable when the list cannot be had
 */
export async function isSignedBy(url: string, { body, keyId, signature }: Signed): Promise<boolean> {
  if (!keyId || keyId.length > 255 || !signature || !/^[A-Za-z0-9+/]{16,255}={0,2}$/.test(signature)) return false
  const find = async (maxAge: number) => (await listOf(url, maxAge)).keys.get(keyId)
  const key = (await find(lifeMillis)) ?? (await find(askAgainMillis))
  return key !== undefined && verify('sha256', body, key, Buffer.from(signature, 'base64'))
}
