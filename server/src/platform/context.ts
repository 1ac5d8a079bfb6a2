import type { HotApplications } from '../applications/hot.ts'
import type { Config } from '../config.ts'
import type { PolicyName } from '../policies.ts'
import type { Meter } from '../usage/meter.ts'
import type { CredentialChecks } from './authenticate.ts'
import type { PolicyRow } from './authorize.ts'
import type { Caches } from './cache.ts'
import type { Database, Db, Sql } from './db.ts'
import type { KeyRing } from './keys.ts'
import type { Limits, LimitVerdict } from './limits.ts'
import type { Log } from './log.ts'
import { anonymous, type Principal } from './principal.ts'
import type { Secrets } from './secrets.ts'
import type { Clock } from './time.ts'
import type { TokenCache } from './token-cache.ts'
import type { TrailRow } from './trail.ts'

/** What the process has one of; made by `createApp`, faked nowhere but for the clock. */
export type Deps = {
  config: Config
  database: Database
  secrets: Secrets
  keys: KeyRing
  tokens: TokenCache
  limits: Limits
  caches: Caches
  applications: HotApplications
  checks: CredentialChecks
  policies: Readonly<Record<PolicyName, PolicyRow>>
  /** Remembers that a tenant did something; written to its row at most once a minute. */
  activity: { touch(tenantId: string): void; flush(): Promise<void> }
  /** Counts answered calls by tenant. */
  meter: Meter
  log: Log
  clock: Clock
}

/** The facts of one HTTP request that decisions may use. */
export type RequestFacts = {
  id: string
  ip: string
  method: string
  origin: string | null
  authorization: string | null
  /** A repeated `Authorization` header is refused, not merged (security 134). */
  authorizationCount: number
  userAgent: string | null
  idempotencyKey: string | null
  testAuthenticator: string | null
  /** The dashboard's session cookie. */
  cookie: string | null
}

/** What an operation may say beside its data. */
export type ResponseFacts = {
  headers: Record<string, string>
  /** What every limit of the call said so far; the tightest one is shown. */
  verdicts?: LimitVerdict[]
  /** Whose call it is, once that is known: it counts as that tenant's usage. */
  tenantId?: string
  /** The surface can send a stream. */
  streams?: boolean
}

/** Made by a surface for one HTTP request. */
export type RequestContext = { deps: Deps; request: RequestFacts; response: ResponseFacts }

/** What a service gets: one handle (`db`, `sql`), the transaction's in a command, the pool's in a query. */
export type Ctx<P extends Principal = Principal> = RequestContext & {
  operation: string
  principal: P
  db: Db
  sql: Sql
  now: Clock
  /** Audit rows of this call, written in one statement just before commit. */
  trail: TrailRow[]
  /** Cache entries to drop once the change is committed. */
  touched: { kind: string; id: string }[]
  /** The user this command is about; erasure finds stored replays by it. */
  subjectUserId: string | null
}

/** The context of work that no request asked for; its audit rows say so. */
export function systemContext(deps: Deps, operation: string): Ctx {
  return {
    deps,
    request: {
      id: operation,
      ip: '',
      method: '',
      origin: null,
      authorization: null,
      authorizationCount: 0,
      userAgent: null,
      idempotencyKey: null,
      testAuthenticator: null,
      cookie: null,
    },
    response: { headers: {} },
    operation,
    principal: { ...anonymous, actor: { kind: 'system', id: operation } },
    db: deps.database.prisma,
    sql: deps.database.sql,
    now: deps.clock,
    trail: [],
    touched: [],
    subjectUserId: null,
  }
}
