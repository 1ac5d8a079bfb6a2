/** The parts of TPMT_PUBLIC that tell which key it is (TPM 2.0 Part 2 §12.2.4). */
export type TpmPublicArea = {
  nameAlgorithm: number
  /** JWK members of the key: n and e, or x and y with the curve. */
  key: { kty: 'RSA'; n: Buffer; exponent: number } | { kty: 'EC'; crv: string; x: Buffer; y: Buffer }
}

/** The parts of TPMS_ATTEST that bind a certificate to a registration (TPM 2.0 Part 2 §10.12.12). */
export type TpmCertifyInfo = { magic: number; type: number; extraData: Buffer; name: Buffer }

/** TPM_ALG_ID (TPM 2.0 Part 2 §6.3). */
const algorithm = { rsa: 0x0001, null: 0x0010, ecc: 0x0023 } as const
/** TPM_ALG_ID of digests, by Node's name. SHA-1 is absent: no TPM 2.0 needs it for names. */
export const tpmDigests: ReadonlyMap<number, string> = new Map([
  [0x000b, 'sha256'],
  [0x000c, 'sha384'],
  [0x000d, 'sha512'],
])
/** TPM_ECC_CURVE, by JWK name and coordinate size. */
const curves: ReadonlyMap<number, [string, number]> = new Map<number, [string, number]>([
  [0x0003, ['P-256', 32]],
  [0x0004, ['P-384', 48]],
  [0x0005, ['P-521', 66]],
])
const defaultExponent = 65_537

/** Reads big-endian numbers and TPM2B byte strings one after another. */
function cursor(bytes: Uint8Array) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const take = (size: number): Buffer => {
    if (size > buffer.length - at) throw new RangeError('TPM structure ends too early')
    at += size
    return buffer.subarray(at - size, at)
  }
  const u16 = (): number => take(2).readUInt16BE()
  return {
    take,
    u16,
    u32: (): number => take(4).readUInt32BE(),
    sized: (): Buffer => take(u16()),
    end: (): void => {
      if (at !== buffer.length) throw new RangeError('TPM structure has bytes left over')
    },
  }
}

/** @throws RangeError for anything but a complete RSA or ECC public area. */
export function parsePublicArea(bytes: Uint8Array): TpmPublicArea {
  const read = cursor(bytes)
  const type = read.u16()
  const nameAlgorithm = read.u16()
  read.u32() // objectAttributes
  read.sized() // authPolicy
  if (read.u16() !== algorithm.null) read.take(4) // symmetric: key bits and mode
  if (read.u16() !== algorithm.null) read.take(2) // scheme: its digest
  if (type === algorithm.rsa) {
    read.u16() // keyBits
    const exponent = read.u32() || defaultExponent
    const n = read.sized()
    read.end()
    return { nameAlgorithm, key: { kty: 'RSA', n, exponent } }
  }
  if (type !== algorithm.ecc) throw new RangeError('TPM key is neither RSA nor ECC')
  const [crv, size] = curves.get(read.u16()) ?? ['', 0]
  if (read.u16() !== algorithm.null) read.take(2) // kdf: its digest
  const x = padded(read.sized(), size)
  const y = padded(read.sized(), size)
  read.end()
  return { nameAlgorithm, key: { kty: 'EC', crv, x, y } }
}

/** @throws RangeError if the structure is not complete. */
export function parseCertifyInfo(bytes: Uint8Array): TpmCertifyInfo {
  const read = cursor(bytes)
  const magic = read.u32()
  const type = read.u16()
  read.sized() // qualifiedSigner
  const extraData = read.sized()
  read.take(17 + 8) // clockInfo, firmwareVersion
  const name = read.sized()
  read.sized() // qualifiedName
  read.end()
  return { magic, type, extraData, name }
}

/** TPMs may drop leading zeros of a coordinate; COSE keys never do. */
function padded(coordinate: Buffer, size: number): Buffer {
  return Buffer.concat([Buffer.alloc(Math.max(0, size - coordinate.length)), coordinate])
}
