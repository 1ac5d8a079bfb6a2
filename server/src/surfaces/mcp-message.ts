import type { FastifyRequest } from 'fastify'
import { ApiError } from '../platform/errors.ts'
import { mediaType, parseJsonBody } from './body.ts'
import type { Tool } from './mcp-tools.ts'

/** Bytes of a body (agents.md §11.1). */
export const maxBytes = 262_144

/** @throws 400 validation_error for what is no JSON as every other body is; 415 */
export function readMessage(request: FastifyRequest): unknown {
  const { type, ok } = mediaType(request.headers['content-type'])
  if (!ok || type !== 'application/json' || !Buffer.isBuffer(request.body)) throw new ApiError('unsupported_media_type')
  return parseJsonBody(request.body, { maxBytes })
}

/** Whether a message calls one of the tools, whose operation has limits of its own. */
export function isToolCall(message: unknown, tools: ReadonlyMap<string, Tool>): boolean {
  const { method, params } = (message ?? {}) as { method?: unknown; params?: { name?: unknown } | null }
  return method === 'tools/call' && typeof params?.name === 'string' && tools.has(params.name)
}

/** One message and no batch, whose answers would be many for one request's limits. */
export const isOneMessage = (message: unknown): message is object =>
  typeof message === 'object' && message !== null && !Array.isArray(message)

/** The request as the library takes it: how a client speaks the protocol, but not its credential, nor the bytes again. */
export function standardRequest(request: FastifyRequest, url: string): Request {
  const headers = new Headers({ 'content-type': 'application/json' })
  for (const [name, value] of Object.entries(request.headers)) {
    if ((name === 'accept' || name.startsWith('mcp-')) && typeof value === 'string') headers.set(name, value)
  }
  return new Request(url, { method: 'POST', headers })
}
