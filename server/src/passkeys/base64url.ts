/**
 * Decodes unpadded base64url (RFC 4648 §5), the form of every binary member of a WebAuthn response. Strict: padding,
 * the standard alphabet, white space and stray trailing bits are refused, so one value has exactly one spelling.
 * Encoding again is the cheapest complete check, because Node's decoder skips what it does not know.
 *
 * @returns the bytes, or `undefined` when `text` is not a string of that form.
 */
export function decodeBase64Url(text: unknown): Buffer<ArrayBuffer> | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** Encodes bytes as unpadded base64url without copying them. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}
