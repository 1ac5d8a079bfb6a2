import type { JsonSchema } from './operations.ts'

/** The members of an OpenAPI 3.1 document that this server writes. */
export type Reference = { $ref: string }
export type Header = { description: string; required?: boolean; schema: JsonSchema }
export type Example = { summary?: string; value: unknown }
export type Media = { schema: JsonSchema; example?: unknown; examples?: Record<string, Example> }
export type Response = {
  description: string
  headers?: Record<string, Header | Reference>
  content?: Record<string, Media>
}
export type Parameter = {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  description?: string
  schema: JsonSchema
}
export type RequestBody = { required?: boolean; description?: string; content: Record<string, Media> }
export type SecurityRequirement = Record<string, string[]>

export type OperationObject = {
  operationId: string
  tags: string[]
  summary: string
  description: string
  security: SecurityRequirement[]
  parameters?: (Parameter | Reference)[]
  requestBody?: RequestBody
  responses: Record<string, Response | Reference>
  'x-dialect': string
  'x-auth': string[]
  'x-idempotent': boolean
  'x-mcp': boolean
  'x-audits': string[]
  'x-limits': string[]
  'x-list'?: string
  /** Formats in which the whole list can be had, with `format` in the query. */
  'x-exports'?: string[]
  /** Member of the body whose items may be streamed, and member of the answer with their results. */
  'x-batches'?: { field: string; results: string }
}

/** What trpc-to-openapi makes of a procedure, as far as it is right. */
export type Draft = { parameters?: Parameter[]; requestBody?: RequestBody; responses: Record<string, Response> }

export type Components = {
  schemas: Record<string, JsonSchema>
  responses: Record<string, Response>
  parameters: Record<string, Parameter>
  headers: Record<string, Header>
  securitySchemes: Record<string, object>
}

export type OpenApiDocument = {
  openapi: string
  info: object
  servers: object[]
  tags: { name: string; description: string; 'x-displayName': string }[]
  paths: Record<string, Record<string, OperationObject>>
  components: Components
}

export const reference = (kind: keyof Components, name: string): Reference => ({ $ref: `#/components/${kind}/${name}` })

/** `user_not_found` becomes `UserNotFound`: what a component that stands for a code is called. */
export const componentName = (code: string): string =>
  code.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
