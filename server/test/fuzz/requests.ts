import type { OpenApiDocument, OperationObject, Parameter } from '../../src/surfaces/openapi-document.ts'
import type { JsonSchema, Operation } from '../../src/surfaces/operations.ts'
import type { Tenant } from '../harness.ts'
import type { Sample } from '../samples.ts'
import { asWord, hostileKey, hostileTexts, hostileValue, wellFormed, withMember } from './hostile-values.ts'
import { fitting, type Resolve, unfitting } from './schema-values.ts'
import type { Seeded } from './seeded.ts'

/** One request as it goes out, with the names of what is odd about it. */
export type FuzzRequest = {
  method: string
  url: string
  headers: Record<string, string>
  payload?: string | Buffer
  odd: string[]
  /** It meets its operation and no other, so that the answer must be one that the document lists for it. */
  isOnTarget: boolean
}

/** What there is to call with: headers of the right caller, whose data the sample is about, and somebody else. */
export type Callers = { own: Record<string, string>; tenant: Tenant; other: Tenant; session: string | null }

/** What the document says an operation takes. */
export type Shape = {
  path: Record<string, JsonSchema>
  query: Record<string, JsonSchema>
  body: JsonSchema | null
  line: JsonSchema | null
}

export const resolverOf =
  (document: OpenApiDocument): Resolve =>
  (reference) => {
    const found = document.components.schemas[reference.split('/').at(-1) ?? '']
    if (!found) throw new Error(`${reference} is not in the document`)
    return found
  }

export function shapeOf(operation: OperationObject): Shape {
  const parameters = (operation.parameters ?? []).filter((parameter): parameter is Parameter => 'name' in parameter)
  const from = (place: Parameter['in']) =>
    Object.fromEntries(parameters.filter((one) => one.in === place).map(({ name, schema }) => [name, schema]))
  const schemaOf = (media: string) => operation.requestBody?.content[media]?.schema ?? null
  const [body, line] = ['application/json', ndjson].map(schemaOf)
  return { path: from('path'), query: from('query'), body: body ?? null, line: line ?? null }
}

const ndjson = 'application/x-ndjson'

const scheme = ['Bearer', 'bearer', 'Basic', 'Digest', 'Bearer  ', '']
const types = [
  'text/plain',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  'application/json;;',
  'application/json, text/plain',
  'application/vnd.api+json',
  'json',
  '',
]
const malformed: readonly (string | Buffer)[] = [
  '',
  ' ',
  '{',
  '{"a":1',
  '{"a":1}}',
  "{'a':1}",
  '[]',
  '[[[[',
  'null',
  '"text"',
  '1e999',
  '{"a":1e999}',
  '{"a":NaN}',
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '\ufeff{}',
  `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
  `${'['.repeat(20_000)}`,
  `{"a":"${'x'.repeat(66_000)}"}`,
  `{${Array.from({ length: 4000 }, (_, at) => `"k${at}":1`).join(',')}}`,
  'a=1&a=2',
  'grant_type=client_credentials&grant_type=x',
  '%',
  '=&=&=',
  Buffer.from([0xff, 0xfe, 0x7b, 0x7d]),
  Buffer.from('{"a":"\xc3\x28"}', 'latin1'),
  Buffer.from([0x7b, 0x00, 0x7d]),
]
const oddPaths = [
  '%',
  '%zz',
  '%00',
  '%ff',
  '%c0%af',
  '%2e%2e%2f',
  '..%2f..',
  '%252e',
  '%0d%0aX-Injected:%201',
  '%f0%9f%94%91',
  '*',
  '~',
  ';x=1',
  '%5c',
  '%22',
  '%3c',
  '',
]

const encode = (text: string): string => encodeURIComponent(wellFormed(text))

/** Header values as a wire carries them: visible bytes, nothing that ends a line. */
const headerText = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 4000)

function oddCredential(random: Seeded, { tenant, other, session }: Callers): string | null {
  const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const [head = '', body = '', signature = ''] = tenant.token.split('.')
  const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
  const odd: (() => string | null)[] = [
    () => null,
    () => `Bearer ${other.token}`,
    () => `Bearer ${other.clientId}`,
    () => `Bearer ${tenant.clientId}`,
    () => `Bearer ${session ?? tenant.clientId}`,
    () => basic(tenant.clientId, tenant.clientSecret),
    () => basic(tenant.clientId, other.clientSecret),
    () => basic('cli_0000000000000000000000', tenant.clientSecret),
    () => `Basic ${headerText(random.pick(hostileTexts))}`,
    () => `Bearer ${head}.${body}.${signature.slice(0, -2)}AA`,
    () => `Bearer ${head}.${body}.`,
    () => `Bearer ${none}.${body}.`,
    () => `Bearer ${head}.${Buffer.from('{"sub":null}').toString('base64url')}.${signature}`,
    () => `Bearer ${'e'.repeat(9000)}`,
    () => `Bearer tm_key_${'A'.repeat(43)}`,
    () => `${random.pick(scheme)} ${headerText(random.pick(hostileTexts))}`,
    () => `${random.pick(scheme)} ${tenant.token}`,
  ]
  return random.pick(odd)()
}

/** The same value with something else at one place within it. */
function elsewhere(value: unknown, random: Seeded, other: (at: string) => unknown, at = ''): unknown {
  const isDeep = typeof value === 'object' && value !== null && Object.keys(value).length > 0 && random.chance(0.85)
  if (!isDeep) return other(at)
  const key = random.pick(Object.keys(value))
  const inner = elsewhere((value as Record<string, unknown>)[key], random, other, key)
  return Array.isArray(value) ? Object.assign([...value], { [key]: inner }) : withMember(value, key, inner)
}

/** A request of the operation: its sample, or one made from the document, with up to three things wrong. */
export function makeRequest(
  operation: Operation,
  shape: Shape,
  sample: Sample,
  callers: Callers,
  random: Seeded,
  resolve: Resolve,
): FuzzRequest {
  const odd: string[] = []
  const isSample = random.chance(0.6)
  const params: Record<string, string> = { ...sample.params }
  let query: [string, string][] = isSample
    ? Object.entries(sample.query ?? {})
    : Object.entries(shape.query)
        .filter(() => random.chance(0.5))
        .map(([name, schema]) => [name, asWord(fitting(schema, random, resolve))])
  let body: unknown = isSample || !shape.body ? sample.body : fitting(shape.body, random, resolve)
  let raw: string | Buffer | undefined
  let method: string = operation.method
  let isOnTarget = true
  const rawParams: Record<string, string> = {}
  const headers: Record<string, string> = {
    'x-forwarded-for': `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`,
    ...callers.own,
  }
  if (shape.body || body !== undefined) headers['content-type'] = 'application/json'

  const changes: Record<string, () => void> = {
    body() {
      if (!shape.body) return
      const properties = (shape.body.properties ?? {}) as Record<string, JsonSchema>
      const object = (body ?? {}) as Record<string, unknown>
      const names = Object.keys(properties)
      const name = names.length > 0 ? random.pick(names) : 'x'
      switch (random.below(6)) {
        case 0:
          body = withMember(object, hostileKey(random), hostileValue(random))
          break
        case 1:
          body = Object.fromEntries(Object.entries(object).filter(() => random.chance(0.6)))
          break
        case 2:
          body = elsewhere(object, random, () => hostileValue(random))
          break
        case 3:
          body = withMember(object, name, fitting(properties[name] ?? {}, random, resolve))
          break
        default:
          body = withMember(object, name, unfitting(properties[name] ?? {}, random, resolve))
      }
    },
    raw() {
      if (method !== 'GET') raw = random.pick(malformed)
    },
    query() {
      const names = Object.keys(shape.query)
      const name = names.length > 0 && random.chance(0.8) ? random.pick(names) : hostileKey(random)
      const value = asWord(
        random.chance(0.5) ? random.pick(hostileTexts) : unfitting(shape.query[name] ?? {}, random, resolve),
      )
      query = [...query.filter(([one]) => one !== name || random.chance(0.2)), [name, value.slice(0, 8000)]]
    },
    path() {
      if (operation.pathParameters.length === 0) return
      const name = random.pick(operation.pathParameters)
      // Texts that a URL would read as another path, or the router as none, are somebody else's.
      isOnTarget = false
      if (random.chance(0.4)) rawParams[name] = random.pick(oddPaths)
      else if (random.chance(0.5)) params[name] = random.pick(hostileTexts)
      else params[name] = asWord(unfitting(shape.path[name] ?? {}, random, resolve)).slice(0, 3000)
    },
    credential() {
      const credential = oddCredential(random, callers)
      if (credential === null) delete headers.authorization
      else headers.authorization = credential
    },
    type() {
      headers['content-type'] = random.pick(types)
    },
    method() {
      method = random.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])
      isOnTarget &&= method === operation.method
    },
    header() {
      const text = headerText(random.pick(hostileTexts))
      const [name, value] = random.pick<[string, string]>([
        ['origin', random.pick(['null', 'https://evil.example', 'https://app.example.com:1', text])],
        ['idempotency-key', random.pick([text, 'x'.repeat(256), 'k', `${'fuzz-key-'.repeat(5)}${random.below(5)}`])],
        ['x-request-id', text],
        ['x-forwarded-for', random.pick([text, '::1', '1.2.3.4, 5.6.7.8', '999.1.1.1', 'fe80::1%eth0'])],
        ['x-forwarded-host', text],
        ['host', random.pick(['example.com', 'localhost:1', '[::1]', 'a'.repeat(300), text || 'x'])],
        ['user-agent', random.pick([text, 'u'.repeat(4000)])],
        ['cookie', random.pick([text, 'tm_session=x; tm_session=y', `__Host-x=${'c'.repeat(3000)}`])],
        ['accept', random.pick([text, 'text/html', '*/*;q=0'])],
        ['accept-encoding', 'gzip;q=0, identity;q=0'],
        ['content-encoding', 'gzip'],
        ['if-none-match', random.pick(['*', '"x"', text])],
        ['expect', 'x'],
        ['x-http-method-override', 'DELETE'],
        ['range', 'bytes=0-1'],
      ])
      headers[name] = value
    },
  }
  const often = ['body', 'body', 'body', 'query', 'path', 'path', 'credential', 'header', 'type', 'raw', 'method']
  for (let left = random.pick([0, 1, 1, 1, 2, 3]); left > 0; left--) {
    const kind = random.pick(often)
    changes[kind]?.()
    odd.push(kind)
  }

  if (shape.line && random.chance(0.3)) {
    headers['content-type'] = ndjson
    if (random.chance(0.5)) headers.accept = ndjson
    raw = lines(shape.line, random, resolve)
    odd.push('lines')
  }
  const path = operation.path.replace(
    /\{(\w+)\}/g,
    (_, name: string) => rawParams[name] ?? encode(params[name] ?? 'missing'),
  )
  const search = query
    .map(([name, value]) => `${encode(name)}=${random.chance(0.03) ? '%zz' : encode(value)}`)
    .join('&')
  const payload =
    raw ?? (body === undefined || (method === 'GET' && random.chance(0.9)) ? undefined : asText(body, headers))
  if (payload === undefined && method === 'GET') delete headers['content-type']
  return {
    method,
    url: search ? `${path}?${search}` : path,
    headers,
    odd,
    isOnTarget,
    ...(payload === undefined ? {} : { payload }),
  }
}

/** Items one a line, some of them none. */
function lines(item: JsonSchema, random: Seeded, resolve: Resolve): string {
  const one = () => {
    if (random.chance(0.1)) return String(random.pick(malformed))
    const value = fitting(item, random, resolve)
    return JSON.stringify(random.chance(0.6) ? value : elsewhere(value, random, () => hostileValue(random)))
  }
  const count = random.pick([0, 1, 2, 5, 20, 120])
  return Array.from({ length: count }, one).join(random.pick(['\n', '\r\n', '\n\n']))
}

/** As JSON, or as the form that the content type says. */
function asText(body: unknown, headers: Record<string, string>): string {
  if (headers['content-type'] !== 'application/x-www-form-urlencoded') return JSON.stringify(body)
  const entries = Object.entries(body as object).map(([name, value]) => [name, asWord(value)])
  return new URLSearchParams(entries as [string, string][]).toString()
}

/** The same operation through `/trpc`: what REST takes apart is one input there. */
export function asTrpc(operation: Operation, request: FuzzRequest, sample: Sample, random: Seeded): FuzzRequest {
  const input = { ...sample.params, ...sample.query, ...sample.body }
  const json =
    typeof request.payload === 'string' && random.chance(0.5)
      ? request.payload
      : JSON.stringify(random.chance(0.5) ? input : elsewhere(input, random, () => hostileValue(random)))
  const base = `/trpc/${random.chance(0.9) ? operation.name : encode(random.pick(hostileTexts))}`
  const { 'content-type': _type, ...headers } = request.headers
  const shared = { headers, odd: [...request.odd, 'trpc'], isOnTarget: false }
  return operation.type === 'query'
    ? { ...shared, method: 'GET', url: `${base}?input=${encode(json)}` }
    : {
        ...shared,
        method: 'POST',
        url: base,
        headers: { ...headers, 'content-type': 'application/json' },
        payload: json,
      }
}
