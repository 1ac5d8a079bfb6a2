import { CeremonyError } from './ceremony-error.ts'

export type CborMap = Map<string | number, CborValue>
export type CborValue = number | boolean | null | undefined | string | Uint8Array<ArrayBuffer> | CborValue[] | CborMap

/** Deepest nesting of arrays and maps; CTAP2 §8 allows 4, compound statements need a few more. */
const maxDepth = 8
/** Largest structure read, in bytes. */
const maxBytes = 65_536

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

type CborOptions = {
  /**
   * Demand the key order of CTAP2 §8 as well. Set for what the authenticator wrote (COSE key, extension outputs); not
   * for the attestation object, which clients of every kind assemble: a different order cannot be read two ways.
   */
  sortedKeys?: boolean
}

/**
 * Decodes one CBOR item in the CTAP2 canonical form (WebAuthn L3 §2, CTAP2 §8) and tells where it ends. Our own,
 * because general decoders accept what lets two readers see two different things: lengths and integers that are longer
 * than needed, indefinite lengths, tags, byte strings that run past the end.
 *
 * @param bytes at most 64 kB; bytes after the item are the caller's to judge.
 * @param start offset of the item.
 * @throws CeremonyError `format` for anything malformed, non-canonical, duplicate or nested deeper than 8.
 */
export function decodeCbor(
  bytes: Uint8Array<ArrayBuffer>,
  start = 0,
  options: CborOptions = {},
): { value: CborValue; end: number } {
  if (bytes.length > maxBytes) throw malformed('larger than 64 kB')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = start

  /** Reads `size` bytes and moves on; the only place that moves. */
  function take(size: number): number {
    const from = at
    if (size > bytes.length - from) throw malformed('ends too early')
    at += size
    return from
  }

  function argument(info: number): number {
    if (info < 24) return info
    if (info === 24) return shortest(view.getUint8(take(1)), 24)
    if (info === 25) return shortest(view.getUint16(take(2)), 0x100)
    if (info === 26) return shortest(view.getUint32(take(4)), 0x1_0000)
    if (info !== 27) throw malformed('indefinite or reserved length')
    const value = Number(view.getBigUint64(take(8)))
    if (!Number.isSafeInteger(value)) throw malformed('integer out of range')
    return shortest(value, 0x1_0000_0000)
  }

  function item(depth: number): CborValue {
    const initial = view.getUint8(take(1))
    const major = initial >> 5
    const info = initial & 0x1f
    if (major === 7) return simple(info)
    if (major === 6) throw malformed('tag')
    const count = argument(info)
    if (major === 0) return count
    if (major === 1) return -1 - count
    if (major === 2 || major === 3) {
      const from = take(count)
      const content = bytes.subarray(from, from + count)
      return major === 2 ? content : text(content)
    }
    if (depth >= maxDepth) throw malformed('nested too deeply')
    return major === 4 ? array(count, depth + 1) : map(count, depth + 1)
  }

  function array(count: number, depth: number): CborValue[] {
    const values: CborValue[] = []
    for (let index = 0; index < count; index++) values.push(item(depth))
    return values
  }

  function map(count: number, depth: number): CborMap {
    const entries: CborMap = new Map()
    let previous: Uint8Array | undefined
    for (let index = 0; index < count; index++) {
      const from = at
      const key = item(depth)
      if (typeof key !== 'string' && typeof key !== 'number') throw malformed('map key is no text or integer')
      if (entries.has(key)) throw malformed('duplicate map key')
      const encoded = bytes.subarray(from, at)
      if (options.sortedKeys && previous && !precedes(previous, encoded)) throw malformed('map keys out of order')
      previous = encoded
      entries.set(key, item(depth))
    }
    return entries
  }

  function simple(info: number): CborValue {
    if (info === 20) return false
    if (info === 21) return true
    if (info === 22) return null
    if (info === 23) return undefined
    // No WebAuthn structure holds a half-precision float: its place in an extension output is kept, its value is not.
    if (info === 25) {
      take(2)
      return Number.NaN
    }
    if (info === 26) return view.getFloat32(take(4))
    if (info === 27) return view.getFloat64(take(8))
    throw malformed('unassigned simple value')
  }

  const value = item(0)
  return { value, end: at }
}

function malformed(what: string): CeremonyError {
  return new CeremonyError('format', `CBOR: ${what}`)
}

function shortest(value: number, least: number): number {
  if (value < least) throw malformed('integer or length is not in its shortest form')
  return value
}

function text(content: Uint8Array): string {
  try {
    return utf8.decode(content)
  } catch {
    throw malformed('text is not UTF-8')
  }
}

/** CTAP2 §8: lower major type first, then shorter, then lower in byte order. */
function precedes(left: Uint8Array, right: Uint8Array): boolean {
  const byMajor = ((left[0] ?? 0) >> 5) - ((right[0] ?? 0) >> 5)
  if (byMajor !== 0) return byMajor < 0
  return left.length === right.length ? Buffer.compare(left, right) < 0 : left.length < right.length
}
