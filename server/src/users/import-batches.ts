import { z } from 'zod'
import type { BatchDefinition } from '../platform/batches.ts'
import type { ApiError } from '../platform/errors.ts'
import { IMPORT_SIZE, type ImportAnswer, ImportResult } from './import-schema.ts'
import { ExternalUserId, NewUser } from './schema.ts'

type Result = z.output<typeof ImportResult>

/** The results with how many there are of each kind. */
export function tally(results: Result[]): z.output<typeof ImportAnswer> {
  const count = (status: Result['status']) => results.filter((result) => result.status === status).length
  return { results, created: count('created'), existing: count('exists'), failed: count('failed') }
}

/** A user that was not imported, and why. */
export const failure = (name: string | null, { errorCode: code, message }: ApiError): Result => ({
  external_user_id: name,
  status: 'failed',
  error: { code, message },
})

const Named = z.object({ external_user_id: ExternalUserId })

/** How a list is imported line by line (http-api.md §2.2, §3.20). */
export const importBatches: BatchDefinition<z.output<typeof ImportAnswer>> = {
  field: 'users',
  results: 'results',
  size: IMPORT_SIZE,
  maxLines: 10_000,
  maxBytes: 16 * 1024 * 1024,
  item: NewUser,
  // Named where it can be: a name that is none, or far too long, is not repeated.
  failed: (value, error) => failure(Named.safeParse(value).data?.external_user_id ?? null, error),
  answer: (results) => tally(z.array(ImportResult).parse(results)),
}
