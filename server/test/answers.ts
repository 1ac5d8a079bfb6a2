import { expect } from 'vitest'
import { z } from 'zod'
import type { OpenApiDocument, OperationObject, Reference, Response } from '../src/surfaces/openapi-document.ts'
import type { Answer } from './harness.ts'

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What the document says of an operation's answers, ready to hold real ones against. */
export type Contract = {
  operation(name: string): OperationObject
  /** Fails unless the answer is one that the document describes: status, type, headers, body, code. */
  check(name: string, answer: Answer): void
}

/** The members of a schema with components in place of references; none is recursive. */
function inlined(document: OpenApiDocument, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => inlined(document, item))
  if (!isObject(value)) return value
  if (typeof value.$ref === 'string') return inlined(document, follow(document, value as Reference))
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inlined(document, member)]))
}

function follow(document: OpenApiDocument, { $ref }: Reference): unknown {
  const path = $ref.slice(2).split('/')
  return path.reduce<unknown>((at, name) => (at as Json)[name], document)
}

/** The document leaves answers open for members to come; what is sent today must all be described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (!isObject(schema)) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([name, member]) => [name, closed(member)]))
  if (isObject(copy.properties) && copy.additionalProperties === undefined && copy.type === 'object')
    copy.additionalProperties = false
  return copy
}

const always = new Set(['X-Request-Id'])

/** Of HTTP and of browsers, on any answer: what a body is, how it may be kept, and who may read it. */
const ofTheProtocol =
  /^(?:content-(?:type|length)|date|connection|keep-alive|vary|cache-control|pragma|x-content-type-options|access-control-.*)$/

const namesIn = (response: Response | Reference | undefined): string[] =>
  response && 'headers' in response ? Object.keys(response.headers ?? {}) : []

/** Headers of a real answer that the document is silent about. A refusal may carry what was found out before it, too. */
export function undeclaredHeaders(
  { responses }: OperationObject,
  status: number,
  response: Response,
  { headers }: Pick<Answer, 'headers'>,
): string[] {
  const successes = Object.keys(responses).filter((known) => known.startsWith('2'))
  const before = status < 400 ? [] : successes.flatMap((known) => namesIn(responses[known]))
  const declared = new Set([...namesIn(response), ...before].map((name) => name.toLowerCase()))
  return Object.keys(headers).filter((name) => !ofTheProtocol.test(name) && !declared.has(name))
}

export function contractOf(document: OpenApiDocument): Contract {
  const operations = new Map<string, OperationObject>()
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) operations.set(operation.operationId, operation)
  }
  const operation = (name: string): OperationObject => {
    const found = operations.get(name)
    if (!found) throw new Error(`${name} is not in the document`)
    return found
  }
  const schemas = new Map<string, z.ZodType>()
  const schemaOf = (name: string, status: number, response: Response): z.ZodType => {
    const key = `${name} ${status}`
    const known = schemas.get(key)
    if (known) return known
    const inner = inlined(document, response.content?.['application/json']?.schema)
    const schema = z.fromJSONSchema((status < 300 ? closed(inner) : inner) as Parameters<typeof z.fromJSONSchema>[0])
    schemas.set(key, schema)
    return schema
  }
  return {
    operation,
    check(name, answer) {
      const { status, headers, body, text } = answer
      const entry = operation(name).responses[status]
      if (!entry) throw new Error(`${name}: the document has no ${status}: ${text}`)
      const response = ('$ref' in entry ? follow(document, entry) : entry) as Response
      for (const header of always) expect(headers[header.toLowerCase()], `${name} ${status}: ${header}`).toBeTruthy()
      const undeclared = undeclaredHeaders(operation(name), status, response, answer)
      expect(undeclared, `${name} ${status}: headers that the document does not declare`).toEqual([])
      if (!response.content) {
        expect([name, status, text]).toEqual([name, status, ''])
        return
      }
      if (!response.content['application/json']) {
        const [type] = Object.keys(response.content)
        expect(headers['content-type'], `${name} ${status}`).toBe(`${type}; charset=utf-8`)
        return
      }
      expect(headers['content-type'], `${name} ${status}`).toMatch(/^application\/json\b/)
      const result = schemaOf(name, status, response).safeParse(body)
      if (!result.success) throw new Error(`${name} ${status}: ${z.prettifyError(result.error)}\n${text}`)
    },
  }
}
