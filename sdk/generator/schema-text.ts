/** The part of JSON Schema 2020-12 that an OpenAPI 3.1 document of this server uses. */
export type Schema = {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  prefixItems?: Schema[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  description?: string
}

/** The exported type that stands for a component: `#/components/schemas/audit_log` becomes `AuditLog`. */
export function typeName(component: string): string {
  return component.replace(/(^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, _gap, letter: string) => letter.toUpperCase())
}

/** The component a reference names. Throws on references into anything but `components/schemas`. */
export function componentOf(ref: string): string {
  const name = ref.match(/^#\/components\/schemas\/(.+)$/)?.[1]
  if (!name) throw new Error(`unsupported reference ${ref}`)
  return name
}

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`)
const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replace(/'/g, "\\'")}'` : JSON.stringify(value)
const union = (parts: string[]): string => {
  const text = [...new Set(parts)].join(' | ')
  return text.length <= 100 ? text : `\n  | ${[...new Set(parts)].join('\n  | ')}`
}
const compound = (schema: Schema): boolean =>
  !schema.$ref && Boolean(schema.anyOf ?? schema.oneOf ?? schema.allOf ?? schema.enum ?? Array.isArray(schema.type))
/** A member of an array or intersection, in parentheses where it would read otherwise without. */
const grouped = (schema: Schema): string => (compound(schema) ? `(${schemaText(schema)})` : schemaText(schema))
const indented = (text: string): string => text.replace(/\n/g, '\n  ')

/** TSDoc of one line, or nothing. The text cannot end the comment early. */
export function doc(text: string | undefined): string {
  return text ? `/** ${text.replace(/\s+/g, ' ').replace(/\*\//g, '* /').trim()} */\n` : ''
}

function objectText(schema: Schema): string {
  const required = new Set(schema.required)
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, value]) => `${doc(value.description)}${key(name)}${required.has(name) ? '' : '?'}: ${schemaText(value)}`,
  )
  const rest = schema.additionalProperties
  const record = rest && rest !== true ? `Record<string, ${schemaText(rest)}>` : 'Record<string, unknown>'
  if (members.length === 0) return rest === false ? 'Record<string, never>' : record
  const oneLine = `{ ${members.join('; ')} }`
  const fits = oneLine.length <= 100 && !oneLine.includes('\n')
  const text = fits ? oneLine : `{\n  ${members.map(indented).join('\n  ')}\n}`
  return rest ? `${text} & ${record}` : text
}

/** A schema as TypeScript source. What it cannot express (patterns, bounds) is the server's to check. */
export function schemaText(schema: Schema): string {
  if (schema.$ref) return typeName(componentOf(schema.$ref))
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum) return union(schema.enum.map(literal))
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return union(choices.map(schemaText))
  if (schema.allOf) return schema.allOf.map(grouped).join(' & ')
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => schemaText({ ...schema, type })))
  if (schema.prefixItems) return `[${schema.prefixItems.map(schemaText).join(', ')}]`
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `${grouped(schema.items ?? {})}[]`
    default:
      return schema.type === 'object' || schema.properties ? objectText(schema) : 'unknown'
  }
}
