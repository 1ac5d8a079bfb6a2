import { relatedOrigins } from './applications/related-origins.ts'
import { contract } from './contract.ts'
import { authMd } from './discovery/auth-md.ts'
import { llmsTxt } from './discovery/llms-txt.ts'
import { authorizationServerMetadata } from './discovery/metadata.ts'
import { protectedResource } from './discovery/protected-resource.ts'
import { servedBy } from './discovery/served.ts'
import type { DocumentName } from './documents.ts'
import { grantNames } from './grants.ts'
import { scanningDocument } from './keys/scanning.ts'
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
  const served = servedBy(
    [...operations.map(({ endpoint }) => endpoint.rest), 'GET /oauth/authorize', 'POST /mcp'],
    grantNames,
    config,
  )
  const metadata = authorizationServerMetadata(served)
  const [auth, llms] = [authMd(served), llmsTxt(served)]
  // Made when first asked for: a server that nobody asks starts without it.
  let openapi: string | undefined
  return {
    'meta.health': () => ({ body: { status: 'ok', version } }),
    'meta.ready': async () => {
      const body = await readiness()
      return { status: body.status === 'ready' ? 200 : 503, body }
    },
    'meta.jwks': () => ({ body: keys.jwks() }),
    'meta.authorization_server': () => ({ body: metadata }),
    'meta.openid_configuration': () => ({ body: metadata }),
    'meta.protected_resource': () => ({ body: protectedResource(config.PUBLIC_URL, '') }),
    'meta.protected_resource_mcp': () => ({ body: protectedResource(config.PUBLIC_URL, '/mcp') }),
    'meta.auth_md': () => ({ body: auth }),
    'meta.llms_txt': () => ({ body: llms }),
    'meta.related_origins': async (host) => ({ body: { origins: host === null ? [] : await related.get(host) } }),
    'meta.secret_scanning': () => ({ body: scanningDocument(config.PUBLIC_URL) }),
    'meta.openapi': () => {
      openapi ??= JSON.stringify(contract(config.PUBLIC_URL, operations))
      return { body: openapi }
    },
  }
}
