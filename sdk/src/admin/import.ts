import type { AdminCall, CallOptions } from './call.ts'
import { ValidationError } from './errors.ts'
import type { Operation } from './operation.ts'

type Items = Iterable<unknown> | AsyncIterable<unknown>

export const isIterable = (input: unknown): input is Items =>
  typeof input === 'object' && input !== null && (Symbol.iterator in input || Symbol.asyncIterator in input)

/** Items and characters of one request: well below what the API takes, so that a try costs little. */
const maxItems = 1000
const maxLength = 4_000_000

/** The items as texts of NDJSON, each small enough for one request. */
async function* requests(items: Items): AsyncGenerator<string> {
  let lines: string[] = []
  let length = 0
  for await (const item of items) {
    const line: string | undefined = JSON.stringify(item)
    if (line === undefined) throw new ValidationError('INVALID_ARGUMENT', 0, 'every item must be an object')
    if (lines.length === maxItems || length + line.length > maxLength) {
      yield lines.join('\n')
      lines = []
      length = 0
    }
    lines.push(line)
    length += line.length + 1
  }
  if (lines.length > 0) yield lines.join('\n')
}

/**
 * Sends items in requests of up to 1,000, one after the other, and gives their results in order. Each request has an
 * `Idempotency-Key` of its own, so that one that is tried again changes nothing twice.
 */
export async function* importOver(
  items: Items,
  operation: Operation,
  call: AdminCall,
  options: CallOptions = {},
): AsyncGenerator<unknown> {
  const results = operation.batches?.[1] as string
  let part = 0
  for await (const lines of requests(items)) {
    part += 1
    const { idempotencyKey: key } = options
    const own = key === undefined ? {} : { idempotencyKey: `${key}.${part}` }
    const answer = await call(operation, [], undefined, { ...options, ...own, lines })
    yield* (answer as Record<string, unknown[]>)[results] as unknown[]
  }
}
