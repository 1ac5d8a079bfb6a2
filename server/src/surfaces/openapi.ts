import type { AnyRouter } from '@trpc/server'
import { generateOpenApiDocument } from 'trpc-to-openapi'
import type { LimitRow } from '../platform/limits.ts'
import type { DocumentRow } from './documents.ts'
import type { Components, Draft, OpenApiDocument, OperationObject } from './openapi-document.ts'
import { codesOf, errorSchemas } from './openapi-errors.ts'
import { headerComponents, idempotencyNames, idempotencyParameters } from './openapi-headers.ts'
import { operationObject } from './openapi-operation.ts'
import { documentObject, documentPaths } from './openapi-routes.ts'
import { openObjects, reachable, stripIntegerBounds } from './openapi-schemas.ts'
import { securitySchemes } from './openapi-security.ts'
import type { JsonSchema, Operation } from './operations.ts'

/** What the document says beside what the router says. */
export type DocumentOptions = {
  /** Origin of the server: base of links and of the token endpoint. */
  publicUrl: string
  /** The committed file is every server's: there the URL is a variable. */
  serverIsVariable: boolean
  version: string
  /** Introduction in Markdown. */
  description: string
  /** A title and a sentence for each first segment of the operations' names. */
  tags: Readonly<Record<string, { title: string; about: string }>>
  /** Scopes with what they open. */
  scopes: Readonly<Record<string, string>>
  /** The limits table, as far as it matters here: the code that refuses. */
  limits: Readonly<Record<string, Pick<LimitRow, 'about' | 'deny'>>>
  /** Routes that are no procedures. */
  documents: Readonly<Record<string, DocumentRow>>
}

type Paths = OpenApiDocument['paths']
type Drafts = {
  openapi: string
  paths: Record<string, Record<string, Draft>>
  components: { schemas?: Record<string, JsonSchema> }
}

const title = 'TryMellon API'

function draftsOf(router: AnyRouter, { version, publicUrl, documents }: DocumentOptions): Drafts {
  const made: unknown = generateOpenApiDocument(router, {
    title,
    version,
    baseUrl: publicUrl,
    paths: documentPaths(documents),
  })
  const drafts = made as Drafts
  stripIntegerBounds(drafts)
  return drafts
}

function componentsOf(drafts: Drafts): Components {
  // The generator's own error schemas are not what we answer.
  const named = Object.entries(drafts.components.schemas ?? {}).filter(([name]) => !name.startsWith('error.'))
  return {
    schemas: Object.fromEntries(named),
    responses: {},
    parameters: {
      [idempotencyNames.application]: idempotencyParameters.application,
      [idempotencyNames.address]: idempotencyParameters.address,
    },
    headers: headerComponents,
    securitySchemes: {},
  }
}

function pathsOf(
  operations: readonly Operation[],
  drafts: Drafts,
  components: Components,
  options: DocumentOptions,
): Paths {
  const paths: Paths = {}
  const draftOf = (path: string, method: string) => drafts.paths[path]?.[method] as Draft
  const add = (path: string, method: string, object: OperationObject) => {
    paths[path] = { ...paths[path], [method]: object }
  }
  const isQuiet = (limit: string) => options.limits[limit]?.deny !== undefined
  for (const operation of operations) {
    const method = operation.method.toLowerCase()
    const draft = draftOf(operation.path, method)
    add(operation.path, method, operationObject(operation, draft, components, options.publicUrl, isQuiet))
  }
  for (const [name, row] of Object.entries(options.documents)) {
    add(row.path, 'get', documentObject(name, row, draftOf(row.path, 'get'), components.responses, options.publicUrl))
  }
  return paths
}

const entriesOf = (paths: Paths): OperationObject[] => Object.values(paths).flatMap((path) => Object.values(path))

/** Opens the objects of answers; those that requests use too stay as strict as the server is. */
function openAnswers(paths: Paths, schemas: Components['schemas']): void {
  const entries = entriesOf(paths)
  const sent = reachable(
    entries.map(({ requestBody }) => requestBody),
    schemas,
  )
  for (const [name, schema] of Object.entries(schemas)) if (!sent.has(name)) openObjects(schema)
  for (const { responses } of entries) openObjects(responses)
}

function tagsOf(paths: Paths, known: DocumentOptions['tags']): OpenApiDocument['tags'] {
  const used = new Set(entriesOf(paths).flatMap(({ tags }) => tags))
  return [...used].map((name) => {
    const tag = known[name]
    if (tag === undefined) throw new Error(`the tag ${name} has no row in tags.ts`)
    return { name, description: tag.about, 'x-displayName': tag.title }
  })
}

/** The schemes that something uses. */
function usedSchemes(paths: Paths, { publicUrl, scopes }: DocumentOptions): Components['securitySchemes'] {
  const used = new Set(entriesOf(paths).flatMap(({ security }) => security.flatMap(Object.keys)))
  return Object.fromEntries(Object.entries(securitySchemes(publicUrl, scopes)).filter(([name]) => used.has(name)))
}

const serverOf = ({ publicUrl, serverIsVariable }: DocumentOptions): object =>
  serverIsVariable
    ? {
        url: '{url}',
        description: 'Your server.',
        variables: { url: { default: publicUrl, description: 'Its `PUBLIC_URL`.' } },
      }
    : { url: publicUrl }

/** Errors that answer for no operation: an unknown address, a known one with another method. */
const unrouted = ['not_found', 'method_not_allowed']

/**
 * The OpenAPI 3.1 document: what trpc-to-openapi makes of the router, completed from the same operations that REST
 * serves: names, statuses, dialects, codes, headers, security, forms, examples (architecture.md §13).
 * @throws Error for a tag without a row
 */
export function buildDocument(
  router: AnyRouter,
  operations: readonly Operation[],
  options: DocumentOptions,
): OpenApiDocument {
  const { version, description } = options
  const drafts = draftsOf(router, options)
  const components = componentsOf(drafts)
  const paths = pathsOf(operations, drafts, components, options)
  openAnswers(paths, components.schemas)
  const codes = operations.filter(({ dialect }) => dialect !== 'oauth').flatMap((operation) => codesOf(operation))
  Object.assign(components.schemas, errorSchemas([...new Set([...codes, ...unrouted])].sort()))
  return {
    openapi: drafts.openapi,
    info: {
      title,
      version,
      summary: 'Passkeys, agent credentials and the admin API.',
      description,
      contact: { name: 'TryMellon', url: 'https://trymellon.dev' },
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [serverOf(options)],
    tags: tagsOf(paths, options.tags),
    paths,
    components: { ...components, securitySchemes: usedSchemes(paths, options) },
  }
}
