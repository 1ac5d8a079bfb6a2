import { relatedOrigins } from './applications/related-origins.ts'
import { contract } from './contract.ts'
import type { DocumentName } from './documents.ts'
import { authorizationServerMetadata } from './oauth/metadata.ts'
import type { Deps } from './platform/context.ts'
import { createReadiness } from './platform/readiness.ts'
import type { DocumentReader } from './surfaces/documents.ts'
import type { Operation } from './surfaces/operations.ts'
import { version } from './version.ts'

/** What the process knows that no dependency does. */
export type ProcessState = {
  isDraining(): boolean
  /** Asks Redis for a sign of life; null when none is configured. */
  pingRedis: (() => Promise<unknown>) | null
}

/** What stands in each document of `documents.ts`. */
export function documentReaders(
  deps: Deps,
  operations: readonly Operation[],
  state: ProcessState,
): Record<DocumentName, DocumentReader> {
  const { config, database, keys, caches, log } = deps
  const readiness = createReadiness(database, state.pingRedis, state.isDraining)
  const related = caches.create('related_origins', { load: (host) => relatedOrigins(database.sql, log, host) })
  const metadata = () => ({ body: authorizationServerMetadata(config.PUBLIC_URL) })
  // Made when first asked for: a server that nobody asks starts without it.
  let openapi: string | undefined
  return {
    'meta.health': () => ({ body: { status: 'ok', version } }),
    'meta.ready': async () => {
      const body = await readiness()
      return { status: body.status === 'ready' ? 200 : 503, body }
    },
    'meta.jwks': () => ({ body: keys.jwks() }),
    'meta.authorization_server': metadata,
    'meta.openid_configuration': metadata,
    'meta.related_origins': async (host) => ({ body: { origins: host === null ? [] : await related.get(host) } }),
    'meta.openapi': () => {
      openapi ??= JSON.stringify(contract(config.PUBLIC_URL, operations))
      return { body: openapi }
    },
  }
}
