import { type Header, type Parameter, type Reference, reference } from './openapi-document.ts'

const text = { type: 'string' }

/** Response headers, each with the sentence that says when it is there (http-api.md §2.5–2.7). */
export const headerComponents = {
  'X-Request-Id': {
    description:
      'The id of this request: the one that was sent, if it is 8 to 128 of `0-9 A-Z a-z _ -`, else a new one.',
    schema: { ...text, examples: ['req_8YpZ3kQ1vT6mWc0RbN4xLd'] },
  },
  'Retry-After': {
    description: 'Whole seconds after which the same request may succeed.',
    schema: { type: 'integer', minimum: 1, examples: [41] },
  },
  'RateLimit-Policy': {
    description: 'The tightest limit of this call: its name, its quota `q`, its window `w` in seconds.',
    schema: { ...text, examples: ['"admin_read";q=600;w=60'] },
  },
  RateLimit: {
    description: 'What is left of that limit: `r` calls, until the window ends in `t` seconds.',
    schema: { ...text, examples: ['"admin_read";r=598;t=41'] },
  },
  'Idempotent-Replayed': {
    description: '`true` when this is the stored answer of an earlier request with the same `Idempotency-Key`.',
    schema: { ...text, const: 'true' },
  },
  'WWW-Authenticate': {
    description: 'How to authenticate, and what was wrong with the credential (RFC 6750 §3, RFC 6749 §5.2).',
    schema: { ...text, examples: ['Bearer error="invalid_token"'] },
  },
  'X-Key-Expires-At': {
    description:
      'When the secret key that called ends, from 14 days before; also on refusals that come after the key was looked at.',
    schema: { ...text, format: 'date-time', examples: ['2026-04-07T12:00:00.000Z'] },
  },
  'X-Inactivity-Purge-At': {
    description:
      'When the unclaimed tenant that called is deleted if nobody calls again; also on refusals that come after its client was looked at.',
    schema: { ...text, format: 'date-time', examples: ['2026-04-07T12:00:00.000Z'] },
  },
  'Set-Cookie': { description: 'The cookie of a session of this server’s own pages, or its end.', schema: text },
  'Clear-Site-Data': {
    description: 'What a browser on this server’s own pages forgets with the session.',
    schema: { ...text, examples: ['"cookies", "storage"'] },
  },
  'Content-Disposition': { description: 'The name of the file, of some formats.', schema: text },
  ETag: { description: 'Validator for `If-None-Match`.', schema: text },
} as const satisfies Record<string, Header>

export type HeaderName = keyof typeof headerComponents

/** References to the named headers, in that order. */
export const headers = (...names: HeaderName[]): Record<string, Reference> =>
  Object.fromEntries(names.map((name) => [name, reference('headers', name)]))

const printable = (min: number) => ({ ...text, minLength: min, maxLength: 255, pattern: '^[ -~]+$' })

/** `Idempotency-Key` by what it counts for; where nobody is signed in it must be hard to guess (http-api.md §2.5). */
export const idempotencyParameters = {
  application: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Makes the request safe to repeat: within 24 hours the same key and request get the stored answer.',
    schema: { ...printable(1), examples: ['6f1c4b1e-5c0a-4d3e-9a51-0d9b6f2c7e11'] },
  },
  address: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Makes the request safe to repeat: for 10 minutes the same key and request get the stored answer.',
    schema: { ...printable(16), examples: ['6f1c4b1e-5c0a-4d3e-9a51-0d9b6f2c7e11'] },
  },
} as const satisfies Record<string, Parameter>

/** What those parameters are called among the components. */
export const idempotencyNames = { application: 'IdempotencyKey', address: 'OnboardingIdempotencyKey' } as const
