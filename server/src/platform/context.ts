import type { HotAccount } from '../accounts/hot.ts'
import type { HotAgent } from '../agents/hot.ts'
import type { HotApplications } from '../applications/hot.ts'
import type { Config } from '../config.ts'
import type { HotKey } from '../keys/hot.ts'
import type { KeyUse } from '../keys/use.ts'
import type { PolicyName } from '../policies.ts'
import type { Meter } from '../usage/meter.ts'
import type { CredentialChecks } from './authenticate.ts'
import type { PolicyRow } from './authorize.ts'
import type { Cache, Caches } from './cache.ts'
import type { Database, Db, Sql } from './db.ts'
import type { KeyRing } from './keys.ts'
import type { Limits, LimitVerdict } from './limits.ts'
import type { Log } from './log.ts'
import type { Mailer } from './mail-sender.ts'
import type { Outbound } from './outbound.ts'
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
  /** `account`: an account with its applications. */
  accounts: Cache<HotAccount>
  /** `revoked_token`: the access tokens of a client that were revoked before their time, by `jti`. */
  revokedTokens: Cache<ReadonlySet<string>>
  /** `agent`: an agent with its keys. */
  agents: Cache<HotAgent>
  /** `secret_key`: a key by the hash of its secret, in hex. */
  secretKeys: Cache<HotKey>
  /** Remembers which keys and agents are used. */
  keyUse: KeyUse
  checks: CredentialChecks
  policies: Readonly<Record<PolicyName, PolicyRow>>
  /** Remembers that a tenant did something; written to its row at most once a minute. */
  activity: { touch(tenantId: string): void; flush(): Promise<void> }
  /** Counts answered calls by tenant. */
  meter: Meter
  /** Sends what `queueMail` wrote. */
  mailer: Mailer
  /** Fetches documents from hosts that strangers name. */
  outbound: Outbound
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
  /** The resource that is asked, where it is not the API: access tokens must be for it (RFC 8707). */
  resource?: string
  /** `X-App-Id`: which application somebody with a whole account means. */
  appId: string | null
  /** A secret key that stands in the query, where it must not (agents.md §6). */
  keyInUrl?: string | null
  /** The raw body and its signature, where the operation takes a signed one. */
  signed?: { body: Uint8Array; keyId: string | null; signature: string | null } | null
  /** The dashboard's session cookie. */
  cookie: string | null
  /** The cookie of a hosted sign-up. */
  pageCookie: string | null
}

/** What an operation may say beside its data. */
export type ResponseFacts = {
  headers: Record<string, string>
  /** What every limit of the call said so far; the tightest one is shown. */
  verdicts?: LimitVerdict[]
  /** Whose call it is, once that is known: it counts as that tenant's usage. */
  tenantId?: string
  /** The data goes out as it is, without an envelope. */
  bare?: true
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
  /** What is done once the change is committed, and awaited before the answer: it must neither fail nor take long. */
  afterCommit: (() => unknown)[]
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
      appId: null,
      cookie: null,
      pageCookie: null,
    },
    response: { headers: {} },
    operation,
    principal: { ...anonymous, actor: { kind: 'system', id: operation } },
    db: deps.database.prisma,
    sql: deps.database.sql,
    now: deps.clock,
    trail: [],
    touched: [],
    afterCommit: [],
    subjectUserId: null,
  }
}
