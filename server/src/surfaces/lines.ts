import type { Readable } from 'node:stream'
import type { Line } from '../platform/batches.ts'
import { ApiError } from '../platform/errors.ts'
import { MAX_BODY_BYTES, parseJsonBody } from './body.ts'

/** The media type of one JSON object a line. */
export const ndjson = 'application/x-ndjson'

const NEWLINE = 0x0a
const tooLong = () => new ApiError('payload_too_large', { message: `A line is longer than ${MAX_BODY_BYTES} bytes.` })

const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)

/** Each line by the rules of any body: strict JSON, one object, at most 64 KiB. What breaks them is that line's result. */
function toLine(bytes: Buffer): Line {
  if (bytes.length > MAX_BODY_BYTES) return { error: tooLong() }
  try {
    return { value: parseJsonBody(bytes, { object: true }) }
  } catch (error) {
    if (error instanceof ApiError) return { error }
    throw error
  }
}

/**
 * Reads a body line by line in constant memory: no more is taken from the socket than the work takes from here. Blank lines
 * count for nothing.
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
  for await (const chunk of body as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > maxBytes) throw new ApiError('payload_too_large')
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      hold(chunk.subarray(from, at))
      from = at + 1
      const bytes = take()
      if (!isBlank(bytes)) yield toLine(bytes)
    }
    if (from < chunk.length) hold(chunk.subarray(from))
  }
  const last = take()
  if (!isBlank(last)) yield toLine(last)
}
