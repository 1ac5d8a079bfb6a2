import type { JsonSchema } from '../../src/surfaces/operations.ts'
import { hostileTexts, hostileValue, longText } from './hostile-values.ts'
import type { Seeded } from './seeded.ts'

/** The keywords of JSON Schema that the document uses. */
type Schema = JsonSchema & {
  $ref?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  items?: Schema
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  format?: string
  examples?: unknown[]
  additionalProperties?: Schema | boolean
}

/** Looks a reference up; schemas are followed no deeper than this. */
export type Resolve = (reference: string) => JsonSchema
const DEEPEST = 6

const formats: Record<string, readonly string[]> = {
  uuid: ['019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57', '00000000-0000-4000-8000-000000000000'],
  uri: ['https://app.example.com/done', 'https://example.org'],
  email: ['ada@example.com'],
  'date-time': ['2026-11-21T00:00:00.000Z', '2026-11-21T00:00:00Z'],
}
const words = [
  'user_1',
  'Sample',
  'https://app.example.com',
  'AAAAAAAAAAAAAAAAAAAAAA',
  'example.com',
  'public-key',
  'app',
]

function text(schema: Schema, random: Seeded): string {
  const examples = schema.examples?.filter((example) => typeof example === 'string') ?? []
  const pool = [...examples, ...(formats[schema.format ?? ''] ?? []), ...(examples.length === 0 ? words : [])]
  const value = random.pick(pool)
  const { minLength = 0, maxLength = 10_000 } = schema
  return value.padEnd(minLength, 'x').slice(0, Math.max(maxLength, minLength))
}

/** A value that fits the schema, as far as its keywords tell. */
export function fitting(given: JsonSchema, random: Seeded, resolve: Resolve, depth = 0): unknown {
  const schema = (given.$ref ? resolve(String(given.$ref)) : given) as Schema
  const next = (inner: Schema) => fitting(inner, random, resolve, depth + 1)
  if ('const' in schema) return schema.const
  if (schema.enum) return random.pick(schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return next(random.pick(choices))
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(next))
  if (depth > DEEPEST) return null
  switch (typeOf(schema, random)) {
    case 'object': {
      const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
      const chosen = properties.filter(([name]) => schema.required?.includes(name) || random.chance(0.4))
      const entries = chosen.map(([name, inner]): [string, unknown] => [name, next(inner)])
      const { additionalProperties: extra } = schema
      if (typeof extra === 'object' && random.chance(0.5)) entries.push([`extra_${random.below(30)}`, next(extra)])
      return Object.fromEntries(entries)
    }
    case 'array': {
      const { minItems = 0, maxItems = 3 } = schema
      const length = minItems + random.below(Math.min(3, maxItems - minItems) + 1)
      return Array.from({ length }, () => next(schema.items ?? {}))
    }
    case 'string':
      return text(schema, random)
    case 'integer':
    case 'number': {
      const { minimum = 0, maximum = minimum + 100 } = schema
      return random.pick([minimum, maximum, minimum + random.below(maximum - minimum + 1)])
    }
    case 'boolean':
      return random.chance(0.5)
    case 'null':
      return null
    default:
      return random.pick<unknown>(['x', 1, true, null, {}])
  }
}

function typeOf(schema: Schema, random: Seeded): string | undefined {
  const types: unknown = schema.type
  if (Array.isArray(types)) return String(random.pick(types))
  return schema.type ?? (schema.properties ? 'object' : undefined)
}

/** A value at or beyond an edge of the schema, or of another type altogether. */
export function unfitting(given: JsonSchema, random: Seeded, resolve: Resolve): unknown {
  const schema = (given.$ref ? resolve(String(given.$ref)) : given) as Schema
  const { minLength, maxLength, minimum, maximum, maxItems } = schema
  const edges: unknown[] = []
  if (minLength !== undefined) edges.push('x'.repeat(minLength), 'x'.repeat(Math.max(0, minLength - 1)))
  if (maxLength !== undefined) {
    for (const unit of ['x', '\u{1f511}', 'e\u0301']) edges.push(unit.repeat(maxLength), unit.repeat(maxLength + 1))
    edges.push(` ${'x'.repeat(maxLength - 1)}`)
  }
  for (const edge of [minimum, maximum])
    if (edge !== undefined) edges.push(edge, edge - 1, edge + 1, edge + 0.5, String(edge))
  if (maxItems !== undefined)
    edges.push(
      Array.from({ length: maxItems + 1 }, (_, at) => `https://a${at}.example`),
      ['x', 'x'],
    )
  for (const value of schema.enum ?? []) edges.push(`${value} `, String(value).toUpperCase(), [value])
  if (edges.length > 0 && random.chance(0.4)) return random.pick(edges)
  if (random.chance(0.1)) return longText(random)
  return random.chance(0.3) ? random.pick(hostileTexts) : hostileValue(random)
}
