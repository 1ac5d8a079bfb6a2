import type { InjectOptions } from 'fastify'
import { type App, createApp } from '../src/app.ts'
import { type Config, parseConfig } from '../src/config.ts'
import type { Database } from '../src/platform/db.ts'
import type { LimitStore } from '../src/platform/limit-store.ts'
import { createLog } from '../src/platform/log.ts'
import type { MailTransport, SentMail } from '../src/platform/mail-transport.ts'
import type { Outbound } from '../src/platform/outbound.ts'
import type { Actor } from '../src/platform/principal.ts'
import { createSecrets } from '../src/platform/secrets.ts'
import { fromMillis } from '../src/platform/time.ts'
import { testDatabase } from './database.ts'
import { credentialOf, type PersonAt, signUpPerson, type Who } from './people.ts'

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

export type Call = { body?: unknown; headers?: Record<string, string>; token?: string; origin?: string; ip?: string }

/** Credentials of a tenant made through the public onboarding call, with a token. */
export type Tenant = { tenantId: string; clientId: string; clientSecret: string; applicationId: string; token: string }

export type TestApp = {
  app: App
  database: Database
  clock: TestClock
  /** Every finished log line of this app. */
  lines: string[]
  call(method: string, path: string, options?: Call): Promise<Answer>
  /** A tenant of its own for the test: isolation and a smoke test at once. */
  tenant(options?: { origins?: string[]; settings?: object }): Promise<Tenant>
  /** Headers that present a person of the tenant's account, or an agent with a secret key for its application. */
  present(tenant: Tenant, who: Who): Promise<Record<string, string>>
  /** A person with an account of their own, signed up and in over HTTP. */
  person(options?: { company?: string; address?: string }): Promise<PersonAt>
  /** Mails delivered so far, to one address if given, once everything that is due has gone out; the oldest first. */
  mails(to?: string): Promise<SentMail[]>
  close(): Promise<void>
}

const masterKey = Buffer.from('9f0b7c1e5ad34486b2c81f93e07d6a5422e4c9d8b17f3a60584e9c2d1b7fa036', 'hex')
let lastAddress = 0

/** Where mails of a database end up: several servers of a test file share both. */
const mailboxes = new WeakMap<Database, SentMail[]>()

function mailboxOf(database: Database): SentMail[] {
  const known = mailboxes.get(database) ?? []
  mailboxes.set(database, known)
  return known
}

/** A fresh address for callers that must not share an hourly limit. */
export function freshAddress(): string {
  lastAddress += 1
  return `10.${(lastAddress >> 16) & 255}.${(lastAddress >> 8) & 255}.${lastAddress & 255}`
}

/**
 * The whole server without a port, on the worker's database, with a clock that tests move.
 * @param settings environment variables that differ from the test's defaults
 * @param parts.mail where mails go; `configured`: where the settings say; a mailbox that `mails` reads unless said
 */
export async function testApp(
  settings: Record<string, string> = {},
  parts: {
    database?: Database
    limitStore?: LimitStore
    clock?: TestClock
    mail?: MailTransport | 'configured'
    outbound?: Outbound
  } = {},
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
    RATE_LIMIT_OVERRIDES: '{"onboarding_ai_instance":{"points":1000000}}',
    ...settings,
  })
  const mailbox = mailboxOf(database)
  const captured: MailTransport = { send: async (mail) => void mailbox.push(mail), close: async () => {} }
  const app = await createApp({
    config,
    database,
    secrets: createSecrets({ masterKey }),
    log: createLog(config.LOG_LEVEL, (line) => void lines.push(line)),
    clock,
    limitStore: parts.limitStore ?? 'memory',
    ...(parts.outbound ? { outbound: parts.outbound } : {}),
    ...(parts.mail === 'configured' ? {} : { mailTransport: parts.mail ?? captured }),
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

  // Nothing issues credentials with an actor yet: the gate gets the real principal, and the actor with it.
  const actors = new Map<string, Actor>()
  const { checks } = app.deps
  app.deps.checks = {
    ...checks,
    async secretKey(ctx, key) {
      const agent = await checks.secretKey(ctx, key)
      const actor = actors.get(key)
      return agent && actor ? { ...agent, actor } : agent
    },
    async dashboardSession(ctx, cookie) {
      const person = await checks.dashboardSession(ctx, cookie)
      const actor = actors.get(cookie)
      return person && actor ? { ...person, actor } : person
    },
  }

  // One credential for each, so that what counts by credential adds up.
  const presented = new Map<string, Promise<Record<string, string>>>()

  function present(whose: Tenant, who: Who): Promise<Record<string, string>> {
    const key = JSON.stringify([Math.floor(clock().getTime() / 3_600_000), whose.applicationId, who])
    const headers = presented.get(key) ?? sign(whose, who)
    presented.set(key, headers)
    return headers
  }

  async function sign(whose: Tenant, who: Who): Promise<Record<string, string>> {
    const headers = await credentialOf(app, whose, who)
    const credential = headers.cookie?.split('=')[1] ?? headers.authorization?.split(' ')[1]
    if (credential && who.actor) actors.set(credential, who.actor)
    return headers
  }

  const person: TestApp['person'] = (options) => signUpPerson(app, call, freshAddress(), options)

  async function mails(to?: string): Promise<SentMail[]> {
    await app.deps.mailer.flush()
    return mailbox.filter((mail) => to === undefined || mail.to === to)
  }

  return { app, database, clock, lines, call, tenant, present, person, mails, close: () => app.close() }
}
