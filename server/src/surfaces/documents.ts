import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { type AddressResolver, addressKey } from '../platform/address.ts'
import type { Deps } from '../platform/context.ts'
import { factsOf } from './facts.ts'
import { type RouteFacts, refuseOthers } from './rest.ts'

export type DocumentAnswer = { status?: number; body: unknown }

/** A GET that is no procedure: no credential, no input, the same answer for everybody who asks this host. */
export type DocumentRow = {
  path: `/${string}`
  dialect: 'plain' | 'document'
  summary: string
  description?: string
  /** Rows of the limits table, counted by address. */
  limit: readonly string[]
  /** How long anybody may keep the answer; 0: nobody may. */
  cacheSeconds: number
  /** Of the body; JSON unless said. */
  type?: 'text/markdown' | 'text/plain'
  output: z.ZodType
  /** An answer beside 200 that is no error. */
  failure?: { status: number; description: string; output: z.ZodType }
}

export type DocumentReader = (host: string | null) => DocumentAnswer | Promise<DocumentAnswer>

const hostName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/

/** The `Host` header without its port, if it is a plain host name: for looking things up, never for building a link. */
function hostOf(request: FastifyRequest): string | null {
  const host = request.headers.host?.toLowerCase().replace(/:\d{1,5}$/, '') ?? ''
  return hostName.test(host) ? host : null
}

/** Documents under `/.well-known/` are for every origin (http-api.md §1.5); browsers of MCP clients ask with a preflight. */
function registerPreflight(http: FastifyInstance, path: string, facts: RouteFacts): void {
  const headers = {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET',
    'access-control-allow-headers': '*',
    'access-control-max-age': '3600',
  }
  http.options(path, { config: { facts } }, async (_request, reply) => reply.code(204).headers(headers).send())
}

const isKnown = (request: FastifyRequest, etag: string): boolean =>
  (request.headers['if-none-match'] ?? '').split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag)

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: DocumentAnswer,
  { cacheSeconds, type }: Pick<DocumentRow, 'cacheSeconds' | 'type'>,
): FastifyReply {
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  reply.code(answer.status ?? 200).type(type ? `${type}; charset=utf-8` : 'application/json')
  if (cacheSeconds === 0) return reply.header('cache-control', 'no-store').send(text)
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
  reply.headers({ 'cache-control': `public, max-age=${cacheSeconds}`, etag })
  return isKnown(request, etag) ? reply.code(304).removeHeader('content-type').send() : reply.send(text)
}

/**
 * Registers the documents: GET and HEAD, 405 with `Allow` for the rest, limits by address, CORS for `/.well-known/*`.
 * @param readers one for each row; gets the host name that was asked
 */
export function registerDocuments<Name extends string>(
  http: FastifyInstance,
  deps: Deps,
  addresses: AddressResolver,
  rows: Readonly<Record<Name, DocumentRow>>,
  readers: Readonly<Record<Name, DocumentReader>>,
): void {
  for (const [name, row] of Object.entries<DocumentRow>(rows)) {
    const { path, limit } = row
    const read = readers[name as Name]
    const isOpen = path.startsWith('/.well-known/')
    const facts: RouteFacts = { dialect: row.dialect, crossOrigin: false, operation: name }
    http.get(path, { config: { facts } }, async (request, reply) => {
      if (isOpen) reply.header('access-control-allow-origin', '*')
      const key = addressKey(factsOf(request, addresses, deps).ip)
      const verdicts = await deps.limits.consume(limit, () => key, { write: false })
      reply.headers(deps.limits.headers(verdicts))
      return send(request, reply, await read(hostOf(request)), row)
    })
    if (isOpen) registerPreflight(http, path, facts)
    refuseOthers(http, path, new Set(isOpen ? ['GET', 'HEAD', 'OPTIONS'] : ['GET', 'HEAD']), facts)
  }
}
