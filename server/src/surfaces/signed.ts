import type { FastifyRequest } from 'fastify'
import type { RequestFacts } from '../platform/context.ts'
import type { Operation } from './operations.ts'

const one = (value: string | string[] | undefined): string | null => (typeof value === 'string' ? value : null)

/** The raw body with who signed it, where the operation takes one that is signed (agents.md §6); null for any other. */
export function signedBody({ body, headers }: FastifyRequest, { endpoint }: Operation): RequestFacts['signed'] {
  if (!endpoint.signedArray || !Buffer.isBuffer(body)) return null
  return {
    body,
    keyId: one(headers['github-public-key-identifier']),
    signature: one(headers['github-public-key-signature']),
  }
}
