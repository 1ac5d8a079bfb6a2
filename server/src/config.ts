import { existsSync } from 'node:fs'
import { loadEnvFile } from 'node:process'
import { z } from 'zod'
import { senderForm } from './platform/mail-transport.ts'
import { loadMasterKey } from './platform/secrets.ts'
import { type Plan, plans } from './tenants/plans.ts'

const flag = z.enum(['true', 'false', 'on', 'off']).transform((text) => text === 'true' || text === 'on')
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))

/** Whether a text is an origin as a browser sends it, character for character. */
const isOrigin = (text: string): boolean => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text

/** What is wrong with a master key, never its value. */
function masterKeyProblem(text: string): string | null {
  try {
    loadMasterKey(text)
    return null
  } catch (error) {
    return (error as Error).message.replace(/^MASTER_KEY:? /, '')
  }
}

const Overrides = z
  .string()
  .transform((text, issues) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      issues.addIssue({ code: 'custom', message: 'must be JSON such as {"admin_read":{"points":1200}}' })
      return z.NEVER
    }
  })
  .pipe(
    z.record(
      z.string(),
      z.strictObject({
        points: z.number().int().positive().optional(),
        seconds: z.number().int().positive().optional(),
      }),
    ),
  )

const ownedPlans = Object.keys(plans).filter((plan) => plan !== 'free_ai')

/** Every setting, with its default. The README's table is checked against this object by a test. */
export const Settings = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  PORT: whole(0, 65535).default(3000),
  HOST: z.string().min(1).default('localhost'),
  PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
  DATA_DIR: z.string().min(1).default('./data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  DATABASE_POOL_SIZE: whole(1, 200).default(10),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// URL' }).optional(),
  TRUSTED_PROXIES: z.string().default(''),
  MASTER_KEY: z
    .string()
    .superRefine((text, issues) => {
      const message = masterKeyProblem(text)
      if (message) issues.addIssue({ code: 'custom', message })
    })
    .optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  SIGNUPS: z.enum(['open', 'waitlist', 'closed']).default('open'),
  // The vending machine's plan is for tenants that nobody owns.
  DEFAULT_PLAN: z.enum(ownedPlans as [Plan, ...Plan[]]).default('starter'),
  ONBOARDING_RETURN_URLS: z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter(Boolean)),
  DEVICE_FLOW: flag.default(true),
  DYNAMIC_REGISTRATION: flag.default(true),
  ONBOARDING_POW_BITS: whole(0, 32).default(0),
  FREE_AI_TENANT_CAP: whole(0, 999_999_999).default(1000),
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' }).optional(),
  MAIL_FROM: z.string().regex(senderForm, 'must be an address, or a name with an address in angle brackets').optional(),
  EMAIL_VERIFY_STRICT: flag.default(false),
  MCP_SERVER_NAME: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z 0-9 -, not beginning with -')
    .default('trymellon'),
  MCP_ALLOWED_ORIGINS: z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter(Boolean))
    .pipe(z.array(z.string().refine(isOrigin, 'must list origins such as https://inspector.example'))),
  AGENT_KEY_MAX_AGE_DAYS: whole(1, 36_500).optional(),
  AGENT_KEY_IDLE_DAYS: whole(1, 36_500).optional(),
  SECRET_SCANNING_KEYS_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .default('https://api.github.com/meta/public_keys/secret_scanning'),
  TOKEN_ALGORITHM: z.enum(['ES256', 'RS256']).default('ES256'),
  RATE_LIMITS: flag.default(true),
  RATE_LIMIT_OVERRIDES: Overrides.default({}),
  DEMO: flag.optional(),
  JOBS: flag.default(true),
  DRAIN_SECONDS: whole(0, 600).default(10),
  WEBAUTHN_TEST_MODE: flag.default(false),
  TEST_AUTHENTICATOR_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
})

export type Config = Omit<z.output<typeof Settings>, 'PUBLIC_URL' | 'DEMO'> & {
  /** Issuer and base of every link; no trailing slash. Never built from a request. */
  PUBLIC_URL: string
  /** Origin of `PUBLIC_URL`: what browsers say in `Origin`, and where passkeys are made. */
  PUBLIC_ORIGIN: string
  /** Path of `PUBLIC_URL`, such as `/auth`; empty when it is an origin. */
  BASE_PATH: string
  DEMO: boolean
}

/** Wrong settings: one line a variable, naming it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const isLocal = (url: URL) => url.hostname === 'localhost' || url.hostname === '127.0.0.1' || url.hostname === '[::1]'

/** What the settings must satisfy together; each row is a sentence that names the variable. */
function contradictions(config: Config): string[] {
  const url = new URL(config.PUBLIC_URL)
  const production = config.NODE_ENV === 'production'
  const rules: [boolean, string][] = [
    [
      !/^(?:\/[\w~-][\w.~-]*)*$/.test(config.BASE_PATH) ||
        config.PUBLIC_URL !== config.PUBLIC_ORIGIN + config.BASE_PATH,
      'PUBLIC_URL: must be an origin, with or without a path of plain segments; no query, fragment or user',
    ],
    [production && url.protocol !== 'https:' && !isLocal(url), 'PUBLIC_URL: must be https in production'],
    [
      production && !config.MASTER_KEY,
      'MASTER_KEY: is required in production (64 hex characters, from `openssl rand -hex 32`)',
    ],
    [production && !config.RATE_LIMITS, 'RATE_LIMITS: cannot be off in production'],
    [production && config.WEBAUTHN_TEST_MODE, 'WEBAUTHN_TEST_MODE: cannot be on in production'],
    [production && config.DEMO, 'DEMO: cannot be on in production'],
    [
      config.WEBAUTHN_TEST_MODE && !config.TEST_AUTHENTICATOR_SECRET,
      'TEST_AUTHENTICATOR_SECRET: is required with WEBAUTHN_TEST_MODE',
    ],
    [config.TRUSTED_PROXIES.includes('*'), 'TRUSTED_PROXIES: takes CIDRs or the word loopback, never *'],
  ]
  return rules.filter(([wrong]) => wrong).map(([, sentence]) => sentence)
}

/**
 * Reads and checks the settings.
 * @param source variables; empty strings count as absent
 * @throws ConfigError with one line for each wrong variable
 */
export function parseConfig(source: Record<string, string | undefined>): Config {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = Settings.safeParse(present)
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'))
  }
  const values = parsed.data
  const publicUrl = (values.PUBLIC_URL ?? `http://localhost:${values.PORT}`).replace(/\/$/, '')
  const { origin, pathname } = new URL(publicUrl)
  const config: Config = {
    ...values,
    PUBLIC_URL: publicUrl,
    PUBLIC_ORIGIN: origin,
    BASE_PATH: pathname.replace(/\/$/, ''),
    DEMO: values.DEMO ?? values.NODE_ENV === 'development',
  }
  const wrong = contradictions(config)
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'))
  return config
}

/** The environment, after `.env` (which never overrides it). The only reader of `process.env`. */
export function readConfig(envFile = '.env'): Config {
  if (existsSync(envFile)) loadEnvFile(envFile)
  return parseConfig(process.env)
}
