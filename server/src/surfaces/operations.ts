import type { AnyRouter } from '@trpc/server'
import { z } from 'zod'
import type { RequestContext } from '../platform/context.ts'
import { errorRow } from '../platform/errors.ts'
import type { AuthKind } from '../platform/principal.ts'
import type { Dialect, Endpoint, Meta, Method } from '../platform/procedures.ts'

export type JsonSchema = {
  type?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  [key: string]: unknown
}

/** One operation as every surface sees it; the name is the procedure's path, and there is no other. */
export type Operation = {
  name: string
  type: 'query' | 'mutation'
  endpoint: Endpoint
  method: Method
  path: string
  pathParameters: readonly string[]
  status: number
  dialect: Dialect
  auth: readonly AuthKind[]
  input: JsonSchema
  output: z.ZodType
  /** Runs the procedure: gates, limits, transaction, audit. `read` is called once the gates have passed. */
  call(context: RequestContext, read: () => unknown): Promise<unknown>
}

type Procedure = ((options: object) => Promise<unknown>) & {
  _def: { type: 'query' | 'mutation' | 'subscription'; meta?: Meta; inputs: z.ZodType[]; output?: z.ZodType }
}

const fail = (name: string, why: string) => new Error(`operation ${name}: ${why}`)

function reflect(name: string, procedure: Procedure): Operation {
  const { meta, inputs, output, type } = procedure._def
  if (!meta?.endpoint) throw fail(name, 'was not built by query() or command()')
  if (type === 'subscription') throw fail(name, 'subscriptions are not served')
  const [inputSchema, ...more] = inputs
  if (!inputSchema || more.length > 0) throw fail(name, 'must have exactly one input')
  if (!output) throw fail(name, 'has no output schema')
  const { endpoint } = meta
  const [method, path] = endpoint.rest.split(' ') as [Method, string]
  // Browsers and prefetches, which follow links by themselves, get the page and do nothing.
  if (type === 'mutation' && method === 'GET' && !endpoint.page) throw fail(name, 'a command must not be a GET')
  if (type === 'query' && method !== 'GET') throw fail(name, 'a query must be a GET')
  const input = z.toJSONSchema(inputSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  const pathParameters = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string)
  const missing = pathParameters.find((parameter) => !input.properties?.[parameter])
  if (missing) throw fail(name, `the path parameter ${missing} is not in the input`)
  if (endpoint.errors.length > 0) endpoint.errors.forEach(errorRow)
  return {
    name,
    type,
    endpoint,
    method,
    path,
    pathParameters,
    status: endpoint.status ?? 200,
    dialect: endpoint.dialect ?? 'envelope',
    auth: typeof endpoint.auth === 'string' ? [endpoint.auth] : endpoint.auth,
    input,
    output,
    call: (ctx, read) =>
      procedure({ ctx, path: name, type, getRawInput: async () => read(), signal: undefined, batchIndex: 0 }),
  }
}

/**
 * The one reader of tRPC's internals: the router's procedures as a flat list. Refuses what no surface could serve, so
 * that a mistake stops the start and not a request.
 */
export function listOperations(router: AnyRouter): Operation[] {
  const procedures = router._def.procedures as Record<string, Procedure>
  const operations = Object.entries(procedures).map(([name, procedure]) => reflect(name, procedure))
  const routes = new Set<string>()
  for (const { name, endpoint } of operations) {
    const route = endpoint.rest.replace(/\{\w+\}/g, '{}')
    if (routes.has(route)) throw fail(name, `the route ${endpoint.rest} is taken`)
    routes.add(route)
  }
  return operations
}
