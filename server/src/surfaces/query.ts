import { ApiError, invalid } from '../platform/errors.ts'
import { printable } from '../platform/text.ts'
import { checkText } from './body.ts'

type Property = { type?: unknown; anyOf?: unknown; oneOf?: unknown }

/** The part of a JSON Schema that decides what a text may become. */
export type QuerySchema = { properties?: Record<string, unknown> }

// Plain decimals only: no sign but minus, no exponent, no leading zeros, no blanks. Anchored and linear.
const integer = /^-?(?:0|[1-9]\d{0,15})$/
const decimal = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/

const isProperty = (value: unknown): value is Property => typeof value === 'object' && value !== null

/** The type names a property allows, alternatives included. */
function typesOf(property: unknown): unknown[] {
  if (!isProperty(property)) return []
  const alternatives = property.anyOf ?? property.oneOf
  if (Array.isArray(alternatives)) return alternatives.flatMap(typesOf)
  return Array.isArray(property.type) ? property.type : [property.type]
}

function coerce(text: string, property: unknown): string | number | boolean {
  const types = typesOf(property)
  if (types.includes('string')) return text
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  const form = types.includes('number') ? decimal : types.includes('integer') ? integer : null
  if (form === null || !form.test(text)) return text
  const value = Number(text)
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value
}

/**
 * Gives a query string's texts the types that the operation's JSON Schema names, on a copy without prototype; the Zod
 * schema stays strict and refuses whatever is left a string (`1e9`, `NaN`, `1.5`, ` 5`, `0x10`, an empty value).
 * @param query as the HTTP layer decoded it; unknown names are copied, for the schema to refuse
 * @throws 400 validation_error naming a parameter that was sent twice or cannot be stored
 */
export function coerceQuery(
  query: Readonly<Record<string, string | string[] | undefined>>,
  schema: QuerySchema,
): Record<string, string | number | boolean> {
  const copy: Record<string, string | number | boolean> = Object.create(null)
  const properties = schema.properties ?? {}
  for (const name of Object.keys(query)) {
    const value = query[name]
    checkText(name, name)
    if (Array.isArray(value)) throw invalid(printable(name), 'must be given only once')
    if (value === undefined) continue
    checkText(name, value)
    if (name === '__proto__')
      throw new ApiError('validation_error', { message: 'The query contains a name that is not allowed.' })
    copy[name] = Object.hasOwn(properties, name) ? coerce(value, properties[name]) : value
  }
  return copy
}
