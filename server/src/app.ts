import type { IncomingMessage } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import { chooseApplication } from './accounts/choose-application.ts'
import { createHotAccounts } from './accounts/hot.ts'
import { createHotAgents } from './agents/hot.ts'
import { createHotApplications } from './applications/hot.ts'
import { publishableFromKey } from './applications/publishable.ts'
import type { Config } from './config.ts'
import { provisionConsole } from './console/console.ts'
import { personFromCookie } from './console/person.ts'
import { documentReaders } from './document-readers.ts'
import { documentTable } from './documents.ts'
import './errors.ts'
import { endUserOfApplication } from './console/session-token.ts'
import { agentFromKey, createHotKeys } from './keys/hot.ts'
import { flagKeyInUrl } from './keys/in-url.ts'
import { createKeyUse } from './keys/use.ts'
import { limitTable } from './limits.ts'
import { principalFromToken } from './oauth/access-token.ts'
import { serviceFromSecret } from './oauth/client-authentication.ts'
import { createRevokedTokens } from './oauth/revoked-tokens.ts'
import { createActivity } from './platform/activity.ts'
import { createAddressResolver } from './platform/address.ts'
import { routedBy } from './platform/base-path.ts'
import { createBus } from './platform/bus.ts'
import { createCaches } from './platform/cache.ts'
import type { Deps } from './platform/context.ts'
import type { Database } from './platform/db.ts'
import { mint } from './platform/ids.ts'
import { createKeyRing } from './platform/keys.ts'
import type { LimitStore } from './platform/limit-store.ts'
import { createLimits } from './platform/limits.ts'
import type { Log } from './platform/log.ts'
import { createMailer } from './platform/mail-sender.ts'
import { type MailTransport, openMailTransport } from './platform/mail-transport.ts'
import { createOutbound, type Outbound } from './platform/outbound.ts'
import type { Secrets } from './platform/secrets.ts'
import { type Clock, monotonic } from './platform/time.ts'
import { createTokenCache } from './platform/token-cache.ts'
import { policies } from './policies.ts'
import { appRouter } from './router.ts'
import { authorizePageOf, siteOf } from './site.ts'
import { registerAuthorize } from './surfaces/authorize.ts'
import { registerDashboard } from './surfaces/dashboard.ts'
import { registerDocsPage } from './surfaces/docs-page.ts'
import { registerDocuments } from './surfaces/documents.ts'
import { patience, refuseBroken, refuseUnreadable, registerEdge } from './surfaces/edge.ts'
import { requestIdOf } from './surfaces/facts.ts'
import { registerMcp } from './surfaces/mcp.ts'
import { listOperations } from './surfaces/operations.ts'
import { registerPages } from './surfaces/pages.ts'
import { registerRest } from './surfaces/rest.ts'
import { registerTrpc } from './surfaces/trpc.ts'
import { createMeter } from './usage/meter.ts'

/** What varies between a deployment and a test; everything else is made here. */
export type AppOptions = {
  config: Config
  database: Database
  secrets: Secrets
  log: Log
  clock: Clock
  limitStore: LimitStore
  /** Where mails go instead of where the settings say: a test's mailbox. */
  mailTransport?: MailTransport
  /** How documents of strangers are fetched; public addresses only unless a test says otherwise. */
  outbound?: Outbound
  /** How long a slow connection is waited for; see `edge.ts`. */
  patience?: typeof patience
}

export type App = {
  http: FastifyInstance
  deps: Deps
  /** Turns `/ready` to 503; requests are still answered. */
  drain(): void
  /** Finishes requests under way, writes what is only in memory, ends background work. */
  close(): Promise<void>
}

/** Composes the server; listens nowhere yet. */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, database, secrets, log, clock, limitStore, patience: wait = patience } = options
  const { mailTransport = openMailTransport(config, log), outbound = createOutbound() } = options
  const issuer = config.PUBLIC_URL
  const bus = createBus(database, mint('req'), log, monotonic)
  const caches = createCaches(monotonic, bus.healthy)
  const keys = createKeyRing({ sql: database.sql, secrets, clock, algorithm: config.TOKEN_ALGORITHM })
  await keys.load()
  const activity = createActivity(database.sql, clock, log)
  const meter = createMeter(database.sql, clock, log)
  const deps: Deps = {
    config,
    database,
    secrets,
    keys,
    tokens: createTokenCache({ keys, issuer }),
    limits: createLimits({
      table: limitTable,
      overrides: config.RATE_LIMIT_OVERRIDES,
      store: limitStore,
      engine: database.engine,
      enabled: config.RATE_LIMITS,
    }),
    caches,
    applications: createHotApplications(caches, database.sql),
    accounts: createHotAccounts(caches, database.sql),
    revokedTokens: createRevokedTokens(caches, database.sql, clock),
    agents: createHotAgents(caches, database.sql),
    secretKeys: createHotKeys(caches, database.sql),
    keyUse: createKeyUse(database.sql, clock, log),
    checks: {
      publishable: publishableFromKey,
      accessToken: principalFromToken,
      clientSecret: serviceFromSecret,
      sessionToken: endUserOfApplication,
      secretKey: agentFromKey,
      keyInUrl: flagKeyInUrl,
      dashboardSession: personFromCookie,
      chooseApplication,
    },
    policies,
    activity,
    meter,
    outbound,
    mailer: createMailer({ sql: database.sql, secrets, clock, log, transport: mailTransport }),
    log,
    clock,
  }
  await provisionConsole(deps)
  await bus.connect(caches)
  activity.start()
  meter.start()
  deps.keyUse.start()

  const routed = routedBy(config.BASE_PATH)
  const http = Fastify({
    logger: false,
    ...(config.BASE_PATH ? { rewriteUrl: (request: IncomingMessage) => routed(request.url ?? '/') } : {}),
    bodyLimit: 65_536,
    // An external_user_id has up to 255 characters, each up to 12 when percent-encoded.
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: refuseUnreadable(deps),
    genReqId: (request) => requestIdOf(request.headers['x-request-id']),
    clientErrorHandler: refuseBroken,
    requestTimeout: wait.request,
    connectionTimeout: wait.idle,
    http: { headersTimeout: wait.headers, connectionsCheckingInterval: wait.check },
    forceCloseConnections: 'idle',
  })
  const addresses = createAddressResolver(config.TRUSTED_PROXIES)
  const operations = listOperations(appRouter)
  const state = { draining: false }
  registerEdge(http, deps, addresses)
  const readers = documentReaders(deps, operations, {
    isDraining: () => state.draining,
    pingRedis: typeof limitStore === 'object' && 'redis' in limitStore ? () => limitStore.redis.ping() : null,
  })
  registerDocuments(http, deps, addresses, documentTable, readers)
  registerDocsPage(http, config.BASE_PATH)
  registerPages(http, deps, addresses, siteOf(config))
  registerAuthorize(http, deps, addresses, authorizePageOf(config))
  registerDashboard(http, deps, addresses)
  registerMcp(http, deps, addresses, operations)
  registerRest(http, deps, addresses, operations)
  await registerTrpc(http, deps, addresses, appRouter)
  return {
    http,
    deps,
    drain: () => {
      state.draining = true
    },
    async close() {
      state.draining = true
      // A request under way keeps its connection alive beyond its answer, and the server open: look again until all are gone.
      const sweep = setInterval(() => http.server.closeIdleConnections(), 50)
      await http.close().finally(() => clearInterval(sweep))
      await activity.close()
      await meter.close()
      await deps.keyUse.close()
      await deps.mailer.close()
      await bus.close()
      await deps.limits.close()
    },
  }
}
