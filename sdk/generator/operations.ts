import { componentOf, type Schema, schemaText } from './schema-text.ts'

type Media = { content?: Record<string, { schema?: Schema }> }
type Parameter = { name: string; in: string; required?: boolean; schema?: Schema; description?: string }
type Entry = {
  operationId?: string
  summary?: string
  parameters?: Parameter[]
  requestBody?: Media & { required?: boolean }
  responses?: Record<string, Media>
  'x-dialect'?: string
  'x-idempotent'?: boolean
  'x-list'?: string
  'x-exports'?: string[]
  'x-batches'?: { field: string; results: string }
  'x-auth'?: string[]
}

/** The members of an OpenAPI 3.1 document that the generator reads. */
export type OpenApi = {
  paths?: Record<string, Record<string, Entry>>
  components?: { schemas?: Record<string, Schema> }
}

/** One operation, its types already written as TypeScript. */
export type Operation = {
  id: string
  method: string
  path: string
  summary: string
  /** Path parameters in the order of the path. */
  params: string[]
  /** Query parameters of operations which also have a body; elsewhere the method says where the input goes. */
  query: string[]
  input: string | undefined
  inputRequired: boolean
  output: string
  item: string
  dialect: string
  idempotent: boolean
  list: string | undefined
  /** Formats in which this is the whole list at once. */
  exports: string[] | undefined
  batches: { field: string; results: string; item: string; result: string } | undefined
  auth: string[]
}

const methods = ['get', 'post', 'put', 'patch', 'delete']

/** Operations of `/v1` and `/oauth`, sorted by id, so that the order of the document does not matter. */
export function operationsOf(document: OpenApi): Operation[] {
  const resolve = (schema: Schema): Schema =>
    schema.$ref ? resolve(document.components?.schemas?.[componentOf(schema.$ref)] ?? {}) : schema
  const operations: Operation[] = []
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (!/^\/(v1|oauth)\//.test(path)) continue
    for (const method of methods) {
      const entry = item[method]
      if (!entry) continue
      const operation = operationOf(method.toUpperCase(), path, entry, resolve)
      operations.push(operation)
      if (entry['x-exports']) operations.push(exportOf(operation, entry, entry['x-exports']))
    }
  }
  return operations.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function operationOf(method: string, path: string, entry: Entry, resolve: (schema: Schema) => Schema): Operation {
  const id = entry.operationId
  if (!id) throw new Error(`${method} ${path} has no operationId`)
  if (!entry['x-auth'] || !entry['x-dialect']) throw new Error(`${id} has no x-auth or no x-dialect`)
  const output = outputOf(id, entry, resolve)
  const { 'x-exports': exports, 'x-batches': batches } = entry
  // How a list is sent is the business of its other method.
  const query = queryOf((entry.parameters ?? []).filter(({ name }) => !exports || name !== 'format'))
  const body = jsonOf(entry.requestBody)
  const parts = [query, body].filter((part) => part !== undefined)
  return {
    id,
    method,
    path,
    summary: entry.summary ?? id,
    params: [...path.matchAll(/\{(.+?)\}/g)].map((match) => match[1] as string),
    query: body && query ? Object.keys(query.properties ?? {}) : [],
    input: parts.length > 0 ? parts.map(schemaText).join(' & ') : undefined,
    inputRequired: parts.some((part) => (resolve(part).required?.length ?? 0) > 0),
    output: output ? schemaText(output) : 'void',
    item: itemOf(id, entry['x-list'], output && resolve(output)),
    dialect: entry['x-dialect'],
    idempotent: entry['x-idempotent'] ?? false,
    list: entry['x-list'],
    exports: undefined,
    batches: batches && {
      ...batches,
      item: linesOf(entry.requestBody),
      result: linesOf(Object.values(entry.responses ?? {})[0]),
    },
    auth: entry['x-auth'],
  }
}

const linesOf = (media: Media | undefined): string => schemaText(media?.content?.['application/x-ndjson']?.schema ?? {})

/** The list's second method, `export`: its filters, and no pages. */
function exportOf(list: Operation, entry: Entry, exports: string[]): Operation {
  const paging = ['limit', 'starting_after', 'format']
  const query = queryOf((entry.parameters ?? []).filter(({ name }) => !paging.includes(name)))
  const success = Object.values(entry.responses ?? {}).find(({ content }) => content?.['application/x-ndjson'])
  return {
    ...list,
    id: list.id.replace(/[^.]+$/, 'export'),
    input: query && schemaText(query),
    inputRequired: (query?.required?.length ?? 0) > 0,
    item: linesOf(success),
    list: undefined,
    exports,
  }
}

function jsonOf(media: Media | undefined): Schema | undefined {
  return media?.content?.['application/json']?.schema
}

function queryOf(parameters: Parameter[]): Schema | undefined {
  const query = parameters.filter((parameter) => parameter.in === 'query')
  if (query.length === 0) return undefined
  return {
    type: 'object',
    properties: Object.fromEntries(query.map(({ name, schema, description }) => [name, { description, ...schema }])),
    required: query.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  }
}

/** The success body without its envelope (http-api.md §2.1); nothing for a 204. */
function outputOf(id: string, entry: Entry, resolve: (schema: Schema) => Schema): Schema | undefined {
  const status = Object.keys(entry.responses ?? {}).find((code) => code.startsWith('2'))
  if (!status) throw new Error(`${id} has no success status`)
  const body = jsonOf(entry.responses?.[status])
  if (!body || entry['x-dialect'] !== 'envelope') return body
  const data = resolve(body).properties?.data
  if (!data) throw new Error(`${id}: an envelope without data`)
  return data
}

/** The type of what a list holds: the one array among the page's members (http-api.md §2.4). */
function itemOf(id: string, list: string | undefined, page: Schema | undefined): string {
  if (!list) return ''
  const items = Object.values(page?.properties ?? {}).find((member) => member.type === 'array')?.items
  if (!items) throw new Error(`${id}: a list without an array`)
  return schemaText(items)
}
