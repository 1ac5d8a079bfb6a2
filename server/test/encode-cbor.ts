/** A CBOR value. A `Map` keeps its order; `raw` is put in as it is, for bytes no encoder would write. */
export type Cbor = number | boolean | null | string | Uint8Array | Cbor[] | CborMap | { raw: Uint8Array }
export type CborMap = Map<string | number, Cbor>

/** A map from keys and values in turn: `cborMap('fmt', 'none', 'attStmt', cborMap())`. */
export function cborMap(...entries: Cbor[]): CborMap {
  const map: CborMap = new Map()
  for (let index = 0; index < entries.length; index += 2) {
    map.set(entries[index] as string | number, entries[index + 1] as Cbor)
  }
  return map
}

/** Writes the CTAP2 canonical form, but for the order of map keys, which is the caller's. */
export function encodeCbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4])
  if (value === null) return Buffer.from([0xf6])
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value])
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encodeCbor)])
  if (value instanceof Map) {
    return Buffer.concat([head(5, value.size), ...[...value].flatMap((entry) => entry.map(encodeCbor))])
  }
  return Buffer.from(value.raw)
}

function head(major: number, argument: number): Buffer {
  const size = argument < 24 ? 0 : argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : 4
  const bytes = Buffer.alloc(1 + size)
  bytes[0] = (major << 5) | (size === 0 ? argument : 23 + Math.log2(size * 2))
  if (size > 0) bytes.writeUIntBE(argument, 1, size)
  return bytes
}
