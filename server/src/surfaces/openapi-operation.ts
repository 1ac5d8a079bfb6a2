import { z } from 'zod'
import type { AuthKind } from '../platform/principal.ts'
import type { Endpoint } from '../platform/procedures.ts'
import { mediaTypes } from './exports.ts'
import { ndjson } from './lines.ts'
import {
  type Components,
  type Draft,
  type Media,
  type OperationObject,
  type Parameter,
  type Reference,
  type RequestBody,
  type Response,
  reference,
} from './openapi-document.ts'
import { codesOf, errorResponses } from './openapi-errors.ts'
import { type HeaderName, headers, idempotencyNames } from './openapi-headers.ts'
import { exampleOf } from './openapi-schemas.ts'
import { authenticatesClient, securityOf } from './openapi-security.ts'
import type { JsonSchema, Operation } from './operations.ts'

const descriptions: Record<number, string> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted.',
  204: 'Done; there is no body.',
}

/** What it may leave in the trail: its own events, and the gate's, wherever a scope or a role can be missing. */
const auditsOf = ({ endpoint, auth }: Operation): string[] => {
  const isGuarded = auth.some((kind) => ['admin', 'account', 'dashboard', 'manager'].includes(kind))
  return [...new Set([...endpoint.audits, ...(isGuarded ? ['authorization.denied'] : [])])]
}

/** The summary goes on in prose: what it needs, what it leaves in the audit log, what it counts on. */
function describe(operation: Operation): string {
  const { endpoint } = operation
  const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ')
  return [
    endpoint.description ?? endpoint.summary,
    endpoint.scope && `Scope: \`${endpoint.scope}\`.`,
    auditsOf(operation).length > 0 && `Audit events: ${list(auditsOf(operation))}.`,
    endpoint.limit.length > 0 && `Rate limits: ${list(endpoint.limit)}.`,
    endpoint.exports &&
      `With \`format\` the whole range is streamed, without pages; that writes ${list(endpoint.exports.audits)} and counts on ${list(endpoint.exports.limit)} too.`,
    endpoint.batches &&
      `The body may also be streamed as \`application/x-ndjson\`, one item a line, at most ${endpoint.batches.maxLines} lines and ${endpoint.batches.maxBytes / 2 ** 20} MiB: every ${endpoint.batches.size} lines are one transaction. \`Accept: application/x-ndjson\` answers with one result a line.`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** The generator drops what a schema says of itself once it is optional; the operation's own schema still has it. */
function parametersOf(operation: Operation, drafts: readonly Parameter[]): (Parameter | Reference)[] {
  const parameters: (Parameter | Reference)[] = drafts.map(({ name, in: place, required, schema }) => {
    const { description = operation.input.properties?.[name]?.description, ...rest } = schema
    return {
      name,
      in: place,
      ...(required ? { required } : {}),
      ...(typeof description === 'string' ? { description } : {}),
      schema: rest,
    }
  })
  const { idempotent } = operation.endpoint
  if (idempotent) parameters.push(reference('parameters', idempotencyNames[idempotent]))
  return parameters
}

const withExample = (schema: JsonSchema, schemas: Components['schemas']): Media => {
  const example = exampleOf(schema, schemas)
  return example === undefined ? { schema } : { schema, example }
}

/** The schema of what one line holds: an item of the array that the member is. */
function itemSchema(schema: JsonSchema, member: string, schemas: Components['schemas']): JsonSchema {
  const reference = typeof schema.$ref === 'string' ? schema.$ref.replace('#/components/schemas/', '') : null
  const whole = reference === null ? schema : (schemas[reference] ?? schema)
  return (whole.properties?.[member]?.items as JsonSchema | undefined) ?? {}
}

function bodyOf({ dialect, endpoint }: Operation, draft: RequestBody, schemas: Components['schemas']): RequestBody {
  const { schema } = draft.content['application/json'] as Media
  const media = withExample(schema, schemas)
  const form: Record<string, Media> =
    dialect === 'oauth' || endpoint.page ? { 'application/x-www-form-urlencoded': media } : {}
  const { batches } = endpoint
  const lines: Record<string, Media> = batches
    ? { [ndjson]: { schema: itemSchema(schema, batches.field, schemas) } }
    : {}
  return { required: (schema.required?.length ?? 0) > 0, content: { ...form, 'application/json': media, ...lines } }
}

/** What is told of the caller, where that may be a secret key or the client of a tenant. */
function callerHeaders(operation: Operation): HeaderName[] {
  const { auth, endpoint } = operation
  const isFor = (...kinds: AuthKind[]) => auth.some((kind) => kinds.includes(kind))
  const names: HeaderName[] = []
  if (isFor('admin', 'account', 'manager') || endpoint.keys) names.push('X-Key-Expires-At')
  if (isFor('admin', 'manager') || authenticatesClient(operation)) names.push('X-Inactivity-Purge-At')
  return names
}

/** Every header that a success may carry, but those of HTTP itself. */
function successHeaders(operation: Operation): Record<string, Reference> {
  const { endpoint } = operation
  const names: HeaderName[] = ['X-Request-Id']
  if (endpoint.limit.length > 0) names.push('RateLimit', 'RateLimit-Policy')
  if (endpoint.idempotent) names.push('Idempotent-Replayed')
  names.push(...callerHeaders(operation), ...(endpoint.sets ?? []))
  if (endpoint.exports) names.push('Content-Disposition')
  return headers(...names)
}

function successOf(operation: Operation, schema: JsonSchema, schemas: Components['schemas']): Response {
  const { dialect, status, endpoint } = operation
  const response: Response = { description: descriptions[status] ?? 'Done.', headers: successHeaders(operation) }
  if (status === 204 || endpoint.empty) return response
  const envelope: JsonSchema = {
    type: 'object',
    properties: { ok: { type: 'boolean', const: true }, data: schema },
    required: ['ok', 'data'],
  }
  return {
    ...response,
    content: {
      'application/json': withExample(dialect === 'envelope' ? envelope : schema, schemas),
      ...streamed(endpoint, schema, schemas),
    },
  }
}

/** What one line of an export holds: the component of that name where the document has it. */
function lineSchema(item: z.ZodType, schemas: Components['schemas']): JsonSchema {
  const whole = z.toJSONSchema(item, { io: 'output', unrepresentable: 'any' }) as JsonSchema
  const { $schema: _, id: __, $defs, $ref, ...schema } = whole
  if (typeof $ref !== 'string') return schema
  const name = $ref.replace('#/$defs/', '')
  return schemas[name] ? reference('schemas', name) : ((($defs as Components['schemas'])[name] as JsonSchema) ?? {})
}

/** The other types of a success: a whole list in its formats, or one result a line. */
function streamed({ exports, batches }: Endpoint, schema: JsonSchema, schemas: Components['schemas']) {
  const media: Record<string, Media> = {}
  if (batches) media[ndjson] = { schema: itemSchema(schema, batches.results, schemas) }
  for (const format of exports?.formats ?? []) {
    const line = lineSchema(exports?.item as z.ZodType, schemas)
    media[mediaTypes[format]] = { schema: format === 'csv' ? { type: 'string' } : line }
  }
  return media
}

/**
 * The document's entry for one operation.
 * @param draft what the generator made of the procedure: parameters, body, and the schema of the data
 * @param components error responses that are the same everywhere are added here
 * @param isQuiet whether a limit refuses with another code than `rate_limit_exceeded`
 */
export function operationObject(
  operation: Operation,
  draft: Draft,
  components: Components,
  publicUrl: string,
  isQuiet: (limit: string) => boolean,
): OperationObject {
  const { name, endpoint, dialect, auth, status } = operation
  const parameters = parametersOf(operation, draft.parameters ?? [])
  const schema = draft.responses[200]?.content?.['application/json']?.schema ?? {}
  return {
    operationId: name,
    tags: [name.split('.', 1)[0] as string],
    summary: endpoint.summary,
    description: describe(operation),
    security: securityOf(operation),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(draft.requestBody ? { requestBody: bodyOf(operation, draft.requestBody, components.schemas) } : {}),
    responses: {
      [status]: successOf(operation, schema, components.schemas),
      ...errorResponses(dialect, codesOf(operation, isQuiet), publicUrl, components.responses),
    },
    'x-dialect': dialect,
    'x-auth': [...auth],
    'x-idempotent': endpoint.idempotent !== undefined,
    'x-mcp': Boolean(endpoint.mcp),
    'x-audits': auditsOf(operation),
    'x-limits': [...endpoint.limit],
    ...(endpoint.list ? { 'x-list': endpoint.list } : {}),
    ...(endpoint.exports ? { 'x-exports': [...endpoint.exports.formats] } : {}),
    ...(endpoint.batches ? { 'x-batches': { field: endpoint.batches.field, results: endpoint.batches.results } } : {}),
  }
}
