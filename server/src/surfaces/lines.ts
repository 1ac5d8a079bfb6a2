import type { Readable } from 'node:stream'
import type { Line } from '../platform/batches.ts'
import { ApiError } from '../platform/errors.ts'
import { MAX_BODY_BYTES, parseJsonBody } from './body.ts'

/** The media type of one JSON object a line. */
export const ndjson = 'application/x-ndjson'

const NEWLINE = 0x0a
const tooLong = () => new ApiError('payload_too_large', { message: `The line is longer than ${MAX_BODY_BYTES} bytes.` })
const tooLarge = (maxBytes: number) =>
  new ApiError('payload_too_large', {
    message: `The body is larger than ${maxBytes} bytes; the lines before that have been worked on.`,
    hint: 'Send the rest in another request.',
  })

const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)

/** Each line by the rules of any body: strict JSON, one object, at most 64 KiB. What breaks them is that line's result. */
function toLine(bytes: Buffer): Line {
  if (bytes.length > MAX_BODY_BYTES) return { error: tooLong() }
  try {
    return { value: parseJsonBody(bytes, { object: true }) }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { error: new ApiError(error.errorCode, { message: error.message.replace(/^The body/, 'The line') }) }
  }
}

/**
 * Reads a body line by line in constant memory: no more is taken from the socket than the work takes from here. Blank lines
 * count for nothing. The stream is left open however this ends: the answer goes over the same socket.
 * @param maxBytes of the whole body
 * @throws 413 payload_too_large once there are more
 */
export async function* readLines(body: Readable, maxBytes: number): AsyncGenerator<Line> {
  let total = 0
  let held: Buffer[] = []
  let heldBytes = 0
  const take = (): Buffer => {
    const bytes = Buffer.concat(held)
    held = []
    heldBytes = 0
    return bytes
  }
  const hold = (bytes: Buffer): void => {
    // Of a line that is too long one byte more than allowed is enough to say so.
    if (heldBytes > MAX_BODY_BYTES) return
    held.push(bytes)
    heldBytes += bytes.length
  }
  for await (const bytes of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    // Up to the very byte: however a body that is too large is cut into chunks, the same lines of it are read.
    const chunk = bytes.subarray(0, maxBytes - total)
    total += bytes.length
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      const isEmpty = at === from && heldBytes === 0
      if (!isEmpty) hold(chunk.subarray(from, at))
      from = at + 1
      if (isEmpty) continue
      const line = take()
      if (!isBlank(line)) yield toLine(line)
    }
    if (total > maxBytes) throw tooLarge(maxBytes)
    if (from < chunk.length) hold(chunk.subarray(from))
  }
  const last = take()
  if (!isBlank(last)) yield toLine(last)
}
