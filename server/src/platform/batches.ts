import type { z } from 'zod'
import { ApiError } from './errors.ts'
import type { Export } from './exports.ts'
import type { Log } from './log.ts'
import { invalidInput, toApiError } from './public-error.ts'

/** One line of a streamed body: what it holds, or why it cannot be read. */
export type Line = { value: unknown } | { error: ApiError }

/** A streamed body, read line by line. */
export type Lines = { kind: 'lines'; lines: AsyncIterable<Line>; wantsLines: boolean }

export const isLines = (value: unknown): value is Lines =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'lines' && 'lines' in value

/** What is true of a command that also takes a streamed body, for surfaces and documents. */
export type BatchRules = {
  /** Member of the input that holds the items, and of the output that holds the results. */
  field: string
  results: string
  /** Items in one transaction. */
  size: number
  /** Lines and bytes of a whole body. */
  maxLines: number
  maxBytes: number
}

/** How a command works through a streamed body: each `size` lines are one run of it, in a transaction of their own. */
export type BatchDefinition<O> = BatchRules & {
  item: z.ZodType
  /** The result of a line that could not be read. */
  failed: (value: unknown, error: ApiError) => unknown
  /** The answer when results are not asked for line by line. */
  answer: (results: unknown[]) => O
}

type Slot = { value: unknown } | { result: unknown }

const tooMany = (max: number) =>
  new ApiError('payload_too_large', {
    message: `The body has more than ${max} lines; the first ${max} have been worked on.`,
    hint: 'Send the rest in another request.',
  })

/**
 * Works through the lines: one result a line, in their order, as each batch commits.
 * @param run runs the command for the items of one batch; `index` counts batches
 */
async function* work<O>(
  { field, results, size, maxLines, item, failed }: BatchDefinition<O>,
  lines: AsyncIterable<Line>,
  run: (input: object, index: number) => Promise<O>,
): AsyncGenerator<unknown[]> {
  let pending: Slot[] = []
  let count = 0
  let index = 0
  const flush = async (): Promise<unknown[]> => {
    const slots = pending
    pending = []
    const items = slots.flatMap((slot) => ('value' in slot ? [slot.value] : []))
    const output = items.length > 0 ? await run({ [field]: items }, index) : null
    index += 1
    const made = output === null ? [] : ((output as Record<string, unknown[]>)[results] ?? [])
    let next = 0
    return slots.map((slot) => ('result' in slot ? slot.result : made[next++]))
  }
  const read = (line: Line): Slot => {
    if ('error' in line) return { result: failed(undefined, line.error) }
    const parsed = item.safeParse(line.value)
    return parsed.success ? { value: parsed.data } : { result: failed(line.value, invalidInput(parsed.error)) }
  }
  try {
    for await (const line of lines) {
      if (count === maxLines) throw tooMany(maxLines)
      count += 1
      pending.push(read(line))
      if (pending.length === size) yield await flush()
    }
  } catch (error) {
    // What was read of a body that is too large is worked on. One that was cut off is to come again: then a batch holds the
    // same lines as this time, or its key would be taken for another request's.
    if (error instanceof ApiError && pending.length > 0) yield await flush()
    throw error
  }
  if (count === 0) throw new ApiError('validation_error', { message: 'body: must have at least one line' })
  if (pending.length > 0) yield await flush()
}

/** The caller went away before the end of the body, and nobody is left to be answered. */
const isCutOff = (error: unknown): boolean => error instanceof Error && error.message === 'aborted'

/** A stream whose first batch is done: what goes wrong before is answered as any error; later, as its last line. */
async function* resume(
  first: IteratorResult<unknown[]>,
  rest: AsyncGenerator<unknown[]>,
  log: Log,
): AsyncGenerator<unknown[]> {
  if (first.done) return
  yield first.value
  try {
    yield* rest
  } catch (error) {
    if (isCutOff(error)) return
    const { errorCode: code, message, hint, status, cause } = toApiError(error)
    if (status >= 500) log.error({ err: cause ?? error }, 'a streamed body was given up')
    yield [{ error: { code, message, ...(hint === undefined ? {} : { hint }) } }]
  }
}

/** Runs a command over a streamed body. @returns the answer, or a stream of results when the caller wants lines */
export async function runBatches<O>(
  definition: BatchDefinition<O>,
  { lines, wantsLines }: Lines,
  run: (input: object, index: number) => Promise<O>,
  log: Log,
): Promise<O | Export> {
  const batches = work(definition, lines, run)
  if (wantsLines) {
    const first = await batches.next()
    return { kind: 'export', format: 'ndjson', filename: '', columns: [], batches: resume(first, batches, log) }
  }
  const all: unknown[] = []
  for await (const some of batches) all.push(...some)
  return definition.answer(all)
}
