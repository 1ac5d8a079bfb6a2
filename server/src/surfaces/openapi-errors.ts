import type { ErrorCode } from '../errors.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import type { AuthKind } from '../platform/principal.ts'
import type { Dialect } from '../platform/procedures.ts'
import { scopesAfterClaim } from '../scopes.ts'
import { encodeError } from './dialects.ts'
import { componentName, type Media, type Reference, type Response, reference } from './openapi-document.ts'
import { type HeaderName, headers } from './openapi-headers.ts'
import type { JsonSchema, Operation } from './operations.ts'

const backendCodes = [
  'unauthorized',
  'rate_limit_exceeded',
  'forbidden',
  'acting_as_not_allowed',
  'not_admitted',
] as const

/** What presenting a credential of this kind may lead to (http-api.md §2.3). */
const authCodes: Record<AuthKind, readonly ErrorCode[]> = {
  none: [],
  // Basic credentials are throttled after failures wherever they are presented.
  admin: [...backendCodes, 'application_not_found'],
  account: backendCodes,
  dashboard: backendCodes,
  manager: backendCodes,
  publishable: ['unauthorized', 'origin_not_allowed', 'tenant_inactive'],
  end_user: ['unauthorized', 'invalid_session_token', 'invalid_token_type', 'origin_not_allowed', 'tenant_inactive'],
}

/**
 * Every code an operation may answer: the declared ones, and the generic ones that its authentication, method, limits
 * and idempotency can lead to. Nothing else may occur; the contract test holds every answer against this.
 * @param isQuiet whether a limit refuses with another code than `rate_limit_exceeded`
 */
export function codesOf(
  { endpoint, auth, method }: Operation,
  isQuiet: (limit: string) => boolean = () => false,
): ErrorCode[] {
  const codes = new Set<ErrorCode>(['validation_error', ...auth.flatMap((kind) => authCodes[kind])])
  if (endpoint.scope !== undefined) codes.add('insufficient_scope')
  if (endpoint.scope !== undefined && scopesAfterClaim.has(endpoint.scope)) codes.add('claim_required')
  if (method !== 'GET') codes.add('payload_too_large').add('unsupported_media_type')
  if (endpoint.idempotent) codes.add('idempotency_key_reused')
  if (endpoint.limit.some((limit) => !isQuiet(limit))) codes.add('rate_limit_exceeded')
  for (const code of endpoint.errors) codes.add(code)
  return [...codes.add('internal_error').add('service_unavailable')]
}

const exampleError = (code: ErrorCode): ApiError =>
  code === 'validation_error' ? invalid('external_user_id', 'must be 1 to 255 characters') : new ApiError(code)

/** The body as the surface writes it, so that the document cannot say otherwise. */
const answerOf = (dialect: Dialect, code: ErrorCode, publicUrl: string) => {
  const { status, body } = encodeError(dialect, exampleError(code), publicUrl)
  const oauth = dialect === 'oauth'
  const written = oauth ? (body as { error: string }).error : code
  return { code, written, status, body, sentence: new ApiError(code).message }
}
type Answer = ReturnType<typeof answerOf>

export const errorSchemas = (codes: readonly string[]): Record<string, JsonSchema> => ({
  ErrorCode: { type: 'string', enum: [...codes], description: 'Stable; new codes may appear, none is reused.' },
  ErrorDetail: {
    type: 'object',
    properties: { path: { type: 'string', description: 'The field.' }, message: { type: 'string' } },
    required: ['path', 'message'],
  },
  Error: {
    type: 'object',
    description: 'Every error but those of the OAuth endpoints.',
    properties: {
      ok: { type: 'boolean', const: false },
      error: {
        type: 'object',
        properties: {
          code: reference('schemas', 'ErrorCode'),
          message: { type: 'string', description: 'For people; names the field of a `validation_error`.' },
          details: {
            anyOf: [{ type: 'array', items: reference('schemas', 'ErrorDetail') }, { type: 'object' }],
            description:
              'Of a `validation_error`: each field with what is wrong. Of `plan_limit_reached`: the numbers.',
          },
          hint: { type: 'string', description: 'What to do next.' },
          docs_url: { type: 'string', format: 'uri', description: 'Where it is explained.' },
        },
        required: ['code', 'message'],
      },
    },
    required: ['ok', 'error'],
  },
  OAuthError: {
    type: 'object',
    description: 'RFC 6749 §5.2. Some errors have further members.',
    properties: {
      error: { type: 'string' },
      error_description: { type: 'string', description: 'For people.' },
    },
    required: ['error', 'error_description'],
    additionalProperties: true,
  },
})

const headersOf = (status: number): Record<string, Reference> => {
  const names: HeaderName[] = ['X-Request-Id']
  if (status === 401 || status === 403) names.push('WWW-Authenticate')
  if (status === 423 || status === 429 || status === 503) names.push('Retry-After')
  if (status === 429) names.push('RateLimit', 'RateLimit-Policy')
  return headers(...names)
}

function bodySchema(dialect: Dialect, codes: readonly string[]): JsonSchema {
  const only = { type: 'string', enum: [...new Set(codes)] }
  const open = { type: 'object', additionalProperties: true }
  const narrowed =
    dialect === 'oauth'
      ? { ...open, properties: { error: only } }
      : { ...open, properties: { error: { ...open, properties: { code: only } } } }
  return { allOf: [reference('schemas', dialect === 'oauth' ? 'OAuthError' : 'Error'), narrowed] }
}

function responseOf(dialect: Dialect, status: number, answers: readonly Answer[]): Response {
  const examples = Object.fromEntries(answers.map(({ code, body }) => [code, { value: body }]))
  const schema = bodySchema(
    dialect,
    answers.map(({ written }) => written),
  )
  const content: Record<string, Media> = { 'application/json': { schema, examples } }
  const description = answers.map(({ written, sentence }) => `\`${written}\`: ${sentence}`).join('\n\n')
  return { description, headers: headersOf(status), content }
}

/**
 * The error responses of an operation by status. One that is a single code is written once, as a component that `shared`
 * collects.
 */
export function errorResponses(
  dialect: Dialect,
  codes: readonly ErrorCode[],
  publicUrl: string,
  shared: Record<string, Response>,
): Record<string, Response | Reference> {
  const answers = codes.map((code) => answerOf(dialect, code, publicUrl))
  const responses: Record<string, Response | Reference> = {}
  for (const status of [...new Set(answers.map((answer) => answer.status))].sort()) {
    const group = answers.filter((answer) => answer.status === status)
    const response = responseOf(dialect, status, group)
    const [only, ...more] = group
    if (only === undefined || more.length > 0) {
      responses[status] = response
      continue
    }
    const name = `${dialect === 'oauth' ? 'OAuth' : ''}${componentName(only.code)}`
    shared[name] ??= response
    responses[status] = reference('responses', name)
  }
  return responses
}
