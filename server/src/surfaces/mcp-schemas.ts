import { z } from 'zod'
import { openObjects, stripIntegerBounds } from './openapi-schemas.ts'
import type { JsonSchema, Operation } from './operations.ts'

export type ObjectSchema = JsonSchema & { type: 'object' }

const draft = 'https://json-schema.org/draft/2020-12/schema'

const applicationId: JsonSchema = {
  type: 'string',
  description: 'The application to work for; needed only where the credential reaches several (see connection_status).',
}
const idempotencyKey: JsonSchema = {
  type: 'string',
  minLength: 1,
  maxLength: 255,
  description: 'Any text of your own: the same call with the same key is done once, and answered as the first time.',
}

/** What an operation takes (path, query and body are one object already), and what the protocol adds. */
export function inputOf({ name, type, endpoint, input }: Operation): ObjectSchema {
  const { properties = {}, required } = structuredClone(input)
  // A whole list in one go is a stream, which no tool sends.
  if (endpoint.exports) delete properties.format
  const added = { application_id: applicationId, ...(type === 'query' ? {} : { idempotency_key: idempotencyKey }) }
  const taken = Object.keys(added).find((member) => member in properties)
  if (taken) throw new Error(`operation ${name}: a tool needs ${taken} for itself`)
  const schema: ObjectSchema = {
    $schema: draft,
    type: 'object',
    properties: { ...properties, ...structuredClone(added) },
    ...(required ? { required } : {}),
    additionalProperties: false,
    ...(input.$defs ? { $defs: structuredClone(input.$defs) } : {}),
  }
  stripIntegerBounds(schema)
  return schema
}

const toolError: ObjectSchema = {
  type: 'object',
  description: 'In place of the data when `isError` is true.',
  properties: {
    code: { type: 'string' },
    message: { type: 'string' },
    request_id: { type: 'string' },
    retry_after: { type: 'integer', description: 'Seconds to wait.' },
    details: { description: 'Which members are wrong, and why.' },
    hint: { type: 'string' },
  },
  required: ['code', 'message', 'request_id'],
}

/** The operation's data, or an error: clients check `structuredContent` against this in both cases. */
export function outputOf({ output }: Operation): ObjectSchema {
  const { $schema, $defs, ...data } = z.toJSONSchema(output, { io: 'output', unrepresentable: 'any' }) as JsonSchema
  // An operation without data answers an empty object.
  const empty = Object.keys(data).length === 0
  const schema: ObjectSchema = {
    $schema: draft,
    type: 'object',
    anyOf: [empty ? { type: 'object' } : data, structuredClone(toolError)],
    ...($defs ? { $defs } : {}),
  }
  stripIntegerBounds(schema)
  openObjects(schema)
  return schema
}
