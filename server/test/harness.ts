import type { InjectOptions } from 'fastify'
import { type App, createApp } from '../src/app.ts'
import type { HotApplication } from '../src/applications/hot.ts'
import { type Config, parseConfig } from '../src/config.ts'
import type { Database } from '../src/platform/db.ts'
import type { LimitStore } from '../src/platform/limit-store.ts'
import { createLog } from '../src/platform/log.ts'
import type { Actor, Agent, Role, User } from '../src/platform/principal.ts'
import { createSecrets } from '../src/platform/secrets.ts'
import { fromMillis } from '../src/platform/time.ts'
import { testDatabase } from './database.ts'

/** A clock that stands still until a test moves it. */
export type TestClock = (() => Date) & { advance(seconds: number): void }

export function testClock(startMillis = Date.now()): TestClock {
  let millis = startMillis
  return Object.assign(() => fromMillis(millis), {
    advance(seconds: number) {
      millis += seconds * 1000
    },
  })
}

export type Answer = {
  status: number
  headers: Record<string, string | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers whose shape is what they assert
  body: any
  text: string
}

export type Call = {
  body?: unknown
  headers?: Record<string, string>
  token?: string
  origin?: string
  ip?: string
}

/** Credentials of a tenant made through the public onboarding call, with a token. */
export type Tenant = {
  tenantId: string
  clientId: string
  clientSecret: string
  applicationId: string
  token: string
}

export type TestApp = {
  app: App
  database: Database
  clock: TestClock
  /** Every finished log line of this app. */
  lines: string[]
  call(method: string, path: string, options?: Call): Promise<Answer>
  /** A tenant of its own for the test: isolation and a smoke test at once. */
  tenant(options?: { origins?: string[]; settings?: object }): Promise<Tenant>
  /**
   * A credential of a kind that has no sign-in of its own here: what the gate gets is the principal itself.
   * @returns headers that present it
   */
  present(tenant: Tenant, who: Who): Record<string, string>
  close(): Promise<void>
}

/** Somebody beside a tenant's own service: a person with a role, a program with scopes; both perhaps with an actor. */
export type Who = { actor?: Actor } & ({ kind: 'user'; role: Role } | { kind: 'agent'; scopes: readonly string[] })

const masterKey = Buffer.from('9f0b7c1e5ad34486b2c81f93e07d6a5422e4c9d8b17f3a60584e9c2d1b7fa036', 'hex')
let lastAddress = 0

/** A fresh address for callers that must not share an hourly limit. */
export function freshAddress(): string {
  lastAddress += 1
  return `10.${(lastAddress >> 16) & 255}.${(lastAddress >> 8) & 255}.${lastAddress & 255}`
}

/**
 * The whole server without a port, on the worker's database, with a clock that tests move.
 * @param settings environment variables that differ from the test's defaults
 */
export async function testApp(
  settings: Record<string, string> = {},
  parts: { database?: Database; limitStore?: LimitStore; clock?: TestClock } = {},
): Promise<TestApp> {
  const database = parts.database ?? (await testDatabase())
  const clock = parts.clock ?? testClock()
  const lines: string[] = []
  const config: Config = parseConfig({
    NODE_ENV: 'test',
    PUBLIC_URL: 'https://auth.example.com',
    TRUSTED_PROXIES: 'loopback',
    LOG_LEVEL: 'info',
    DEMO: 'off',
    FREE_AI_TENANT_CAP: '100000',
    ...settings,
  })
  const presented = new Map<string, () => Promise<User | Agent>>()
  const check = async (kind: Who['kind'], credential: string) => {
    const principal = await presented.get(credential)?.()
    return principal?.kind === kind ? principal : null
  }
  const app = await createApp({
    config,
    checks: {
      secretKey: async (_, key) => (await check('agent', key)) as Agent | null,
      dashboardSession: async (_, cookie) => (await check('user', cookie)) as User | null,
    },
    database,
    secrets: createSecrets({ masterKey }),
    log: createLog(config.LOG_LEVEL, (line) => void lines.push(line)),
    clock,
    limitStore: parts.limitStore ?? 'memory',
  })

  async function call(method: string, path: string, options: Call = {}): Promise<Answer> {
    const headers: Record<string, string> = {
      'x-forwarded-for': options.ip ?? '203.0.113.7',
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...(options.origin ? { origin: options.origin } : {}),
      ...(options.body !== undefined ? { 'content-type': 'application/json' } : {}),
      ...options.headers,
    }
    const response = await app.http.inject({
      method: method as NonNullable<InjectOptions['method']>,
      url: path,
      headers,
      ...(options.body === undefined
        ? {}
        : { payload: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
    })
    const type = String(response.headers['content-type'] ?? '')
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string | undefined>,
      body: /\bjson\b/.test(type) && response.body !== '' ? JSON.parse(response.body) : undefined,
      text: response.body,
    }
  }

  async function tenant(options: { origins?: string[]; settings?: object } = {}): Promise<Tenant> {
    const ip = freshAddress()
    const made = await call('POST', '/v1/onboarding/ai', { body: { name: 'Test' }, ip })
    if (made.status !== 200) throw new Error(`onboarding answered ${made.status}: ${made.text}`)
    const { tenantId, clientId, clientSecret, applicationId } = made.body
    const granted = await call('POST', '/oauth/token', {
      body: { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret },
      ip,
    })
    const result: Tenant = { tenantId, clientId, clientSecret, applicationId, token: granted.body.access_token }
    if (options.origins || options.settings) {
      const body = { ...(options.origins ? { allowed_origins: options.origins } : {}), ...options.settings }
      const changed = await call('PATCH', `/v1/applications/${applicationId}`, { body, token: result.token })
      if (changed.status !== 200) throw new Error(`settings answered ${changed.status}: ${changed.text}`)
    }
    return result
  }

  function present(whose: Tenant, who: Who): Record<string, string> {
    const credential = `${who.kind === 'agent' ? 'tm_key_' : 'session_'}${presented.size}`
    let known: HotApplication | null = null
    presented.set(credential, async () => {
      // Whose application is deleted meanwhile is still a member of the account.
      known = (await app.deps.applications.byClientId.get(whose.clientId)) ?? known
      const application = known
      if (!application) throw new Error(`${whose.clientId} is not an application`)
      const caller = {
        id: `${who.kind}_of_${whose.tenantId}`,
        tenantId: whose.tenantId,
        applicationId: whose.applicationId,
        accountId: application.accountId,
        bucket: `${who.kind}_of_${whose.tenantId}`,
        application,
        ...(who.actor ? { actor: who.actor } : {}),
      }
      return who.kind === 'user'
        ? { ...caller, kind: 'user', role: who.role }
        : { ...caller, kind: 'agent', scopes: new Set(who.scopes) }
    })
    return who.kind === 'user'
      ? { cookie: `__Host-tm_session=${credential}`, origin: config.PUBLIC_URL }
      : { authorization: `Bearer ${credential}` }
  }

  return { app, database, clock, lines, call, tenant, present, close: () => app.close() }
}
