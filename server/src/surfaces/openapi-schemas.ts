import type { JsonSchema } from './operations.ts'

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Changes every object of a JSON tree in place, leaves first. */
function visit(value: unknown, change: (object: Json) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, change)
  else if (isObject(value)) {
    for (const member of Object.values(value)) visit(member, change)
    change(value)
  }
}

/** Takes out the bounds that Zod's `.int()` prints: every JSON integer is a safe one, saying so helps nobody. */
export function stripIntegerBounds(document: object): void {
  visit(document, (object) => {
    if (object.minimum === Number.MIN_SAFE_INTEGER) delete object.minimum
    if (object.maximum === Number.MAX_SAFE_INTEGER) delete object.maximum
  })
}

/** Answers may gain members: a client that refuses unknown ones would break with the next version. */
export function openObjects(schema: object): void {
  visit(schema, (object) => {
    if (object.additionalProperties === false) delete object.additionalProperties
  })
}

/** Names of the components that a part of the document leads to, through other components too. */
export function reachable(
  part: unknown,
  schemas: Readonly<Record<string, JsonSchema>>,
  found = new Set<string>(),
): Set<string> {
  visit(part, ({ $ref }) => {
    if (typeof $ref !== 'string' || !$ref.startsWith('#/components/schemas/')) return
    const name = $ref.slice($ref.lastIndexOf('/') + 1)
    if (found.has(name)) return
    found.add(name)
    reachable(schemas[name], schemas, found)
  })
  return found
}

/**
 * A value that the schema's own examples, defaults and constants make up.
 * @returns undefined unless every required member has one: an invented example misleads
 */
export function exampleOf(schema: JsonSchema, schemas: Readonly<Record<string, JsonSchema>>): unknown {
  if (typeof schema.$ref === 'string') {
    const target = schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)]
    return target && exampleOf(target, schemas)
  }
  if (Array.isArray(schema.examples)) return schema.examples[0]
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  if (schema.type === 'boolean') return schema.default ?? true
  if (schema.default !== undefined) return schema.default
  if (schema.type === 'array' && isObject(schema.items)) {
    const item = exampleOf(schema.items as JsonSchema, schemas)
    return item === undefined ? undefined : [item]
  }
  return schema.type === 'object' && schema.properties ? exampleObject(schema, schemas) : undefined
}

function exampleObject(schema: JsonSchema, schemas: Readonly<Record<string, JsonSchema>>): unknown {
  const required = new Set(schema.required)
  const example: Json = {}
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!required.has(name) && !Array.isArray(property.examples)) continue
    const value = exampleOf(property, schemas)
    if (value !== undefined) example[name] = value
    else if (required.has(name)) return undefined
  }
  return Object.keys(example).length > 0 ? example : undefined
}
