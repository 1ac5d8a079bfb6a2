import { z } from 'zod'
import type { DocumentRow } from './documents.ts'
import type { Components, Draft, OperationObject, Response } from './openapi-document.ts'
import { errorResponses } from './openapi-errors.ts'
import { headers } from './openapi-headers.ts'
import type { JsonSchema } from './operations.ts'

/** Paths for the generator, so that the schemas of documents may use named components like those of procedures. */
export const documentPaths = (rows: Readonly<Record<string, DocumentRow>>) =>
  Object.fromEntries(
    Object.values(rows).map(({ path, output }) => [
      path,
      { get: { responses: { 200: { description: 'Done.', content: { 'application/json': { schema: output } } } } } },
    ]),
  )

const asResponse = ({ description, output }: NonNullable<DocumentRow['failure']>): Response => ({
  description,
  headers: headers('X-Request-Id'),
  content: { 'application/json': { schema: z.toJSONSchema(output, { io: 'output' }) as JsonSchema } },
})

/**
 * The document's entry for a route that is no procedure.
 * @param draft its success, as the generator wrote it
 * @param shared error responses that are the same everywhere are added here
 */
export function documentObject(
  name: string,
  row: DocumentRow,
  draft: Draft,
  shared: Components['responses'],
  publicUrl: string,
): OperationObject {
  const isCached = row.cacheSeconds > 0
  const isLimited = row.limit.length > 0
  const known = headers('X-Request-Id', ...(isCached ? (['ETag'] as const) : []))
  const limited = headers(...(isLimited ? (['RateLimit', 'RateLimit-Policy'] as const) : []))
  const made = draft.responses[200] as Response
  const success: Response = row.type ? { ...made, content: { [row.type]: { schema: { type: 'string' } } } } : made
  const codes = isLimited
    ? (['rate_limit_exceeded', 'internal_error', 'service_unavailable'] as const)
    : (['internal_error'] as const)
  return {
    operationId: name,
    tags: [name.split('.', 1)[0] as string],
    summary: row.summary,
    description: row.description ?? row.summary,
    security: [],
    responses: {
      200: { ...success, headers: { ...known, ...limited } },
      ...(isCached ? { 304: { description: 'Unchanged since the `ETag` in `If-None-Match`.', headers: known } } : {}),
      ...errorResponses(row.dialect, codes, publicUrl, shared),
      ...(row.failure ? { [row.failure.status]: asResponse(row.failure) } : {}),
    },
    'x-dialect': row.dialect,
    'x-auth': ['none'],
    'x-idempotent': false,
    'x-mcp': false,
    'x-audits': [],
    'x-limits': [...row.limit],
  }
}
