import { documentTable } from './documents.ts'
import { introduction } from './introduction.ts'
import { limitTable } from './limits.ts'
import { appRouter } from './router.ts'
import { scopes } from './scopes.ts'
import { buildDocument } from './surfaces/openapi.ts'
import type { OpenApiDocument } from './surfaces/openapi-document.ts'
import { listOperations, type Operation } from './surfaces/operations.ts'
import { tags } from './tags.ts'
import { version } from './version.ts'
import './errors.ts'

/**
 * The OpenAPI document of this server.
 * @param publicUrl origin that links and the token endpoint start with; left out for the committed file
 */
export function contract(
  publicUrl?: string,
  operations: readonly Operation[] = listOperations(appRouter),
): OpenApiDocument {
  return buildDocument(appRouter, operations, {
    publicUrl: publicUrl ?? 'http://localhost:3000',
    serverIsVariable: publicUrl === undefined,
    version,
    description: introduction,
    tags,
    scopes,
    limits: limitTable,
    documents: documentTable,
  })
}
