/** One DER element (ITU-T X.690). */
export type DerElement = {
  /** 0 universal, 2 context-specific. */
  tagClass: number
  tag: number
  content: Uint8Array<ArrayBuffer>
}

/** Universal tags that certificates and their extensions are made of. */
export const derTag = { boolean: 1, integer: 2, octetString: 4, oid: 6, enumerated: 10, sequence: 16, set: 17 } as const

/**
 * Reads bytes that are exactly one DER element. Node parses certificates but shows no extensions of vendors; this
 * reads those, and only after OpenSSL has accepted the certificate they come from.
 *
 * @throws RangeError for anything malformed; callers turn it into their own refusal.
 */
export function readDer(bytes: Uint8Array<ArrayBuffer>): DerElement {
  const [element, ...others] = readAll(bytes)
  if (!element || others.length > 0) throw new RangeError('not exactly one DER element')
  return element
}

/** The elements inside a constructed one. `tag` demands its universal tag, such as `derTag.sequence`. */
export function derChildren(element: DerElement | undefined, tag?: number): DerElement[] {
  if (!element) throw new RangeError('DER element is missing')
  if (tag !== undefined) demandTag(element, tag)
  return readAll(element.content)
}

/** The content of a primitive element that must have this universal tag. */
export function derContent(element: DerElement | undefined, tag: number): Uint8Array<ArrayBuffer> {
  if (!element) throw new RangeError('DER element is missing')
  demandTag(element, tag)
  return element.content
}

/** A small non-negative INTEGER or ENUMERATED. */
export function derNumber(element: DerElement | undefined): number {
  if (element?.tagClass !== 0 || (element.tag !== derTag.integer && element.tag !== derTag.enumerated)) {
    throw new RangeError('DER element is no number')
  }
  if (element.content.length === 0 || element.content.length > 4) throw new RangeError('DER number is out of range')
  return element.content.reduce((value, byte) => value * 256 + byte, 0)
}

/** An OBJECT IDENTIFIER in dotted form. */
export function derOid(element: DerElement | undefined): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of derContent(element, derTag.oid)) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0
    }
  }
  const [first = 0, ...rest] = arcs
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...rest].join('.')
}

function demandTag(element: DerElement, tag: number): void {
  if (element.tagClass !== 0 || element.tag !== tag) throw new RangeError(`DER element is no ${tag}`)
}

function readAll(bytes: Uint8Array<ArrayBuffer>): DerElement[] {
  const elements: DerElement[] = []
  let at = 0
  const next = (): number => {
    const byte = bytes[at]
    if (byte === undefined) throw new RangeError('DER ends too early')
    at += 1
    return byte
  }
  while (at < bytes.length) {
    const identifier = next()
    let tag = identifier & 0x1f
    if (tag === 0x1f) {
      // Tags from 31 on span bytes: Android numbers its authorizations up to the 700s.
      tag = 0
      let byte: number
      do {
        byte = next()
        tag = tag * 128 + (byte & 0x7f)
      } while (byte >= 0x80 && tag < 0x1_0000)
    }
    const initial = next()
    let length = initial
    if (initial >= 0x80) {
      const size = initial & 0x7f
      if (size === 0 || size > 3) throw new RangeError('DER length is indefinite or too long')
      length = 0
      for (let index = 0; index < size; index++) length = length * 256 + next()
    }
    if (length > bytes.length - at) throw new RangeError('DER ends too early')
    elements.push({ tagClass: identifier >> 6, tag, content: bytes.subarray(at, at + length) })
    at += length
  }
  return elements
}
