import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConfigError, parseConfig, Settings } from './config.ts'

const key = '9f0b7c1e5ad34486b2c81f93e07d6a5422e4c9d8b17f3a60584e9c2d1b7fa036'
const production = { NODE_ENV: 'production', PUBLIC_URL: 'https://auth.example.com', MASTER_KEY: key }

describe('settings', () => {
  it('has a default for everything but production', () => {
    expect(parseConfig({})).toMatchObject({
      PORT: 3000,
      PUBLIC_URL: 'http://localhost:3000',
      DEMO: true,
      RATE_LIMITS: true,
    })
    expect(parseConfig(production)).toMatchObject({ DEMO: false, PUBLIC_URL: 'https://auth.example.com' })
  })

  it('takes a path in PUBLIC_URL', () => {
    const { PUBLIC_URL, PUBLIC_ORIGIN, BASE_PATH } = parseConfig({ PUBLIC_URL: 'https://a.example:8443/t1/auth/' })
    expect([PUBLIC_URL, PUBLIC_ORIGIN, BASE_PATH]).toEqual([
      'https://a.example:8443/t1/auth',
      'https://a.example:8443',
      '/t1/auth',
    ])
    expect(parseConfig(production)).toMatchObject({ PUBLIC_ORIGIN: production.PUBLIC_URL, BASE_PATH: '' })
  })

  it('treats an empty variable as absent, and drops the trailing slash of PUBLIC_URL', () => {
    const config = parseConfig({ PORT: '', DATABASE_URL: '', PUBLIC_URL: 'https://a.example/' })
    expect([config.PORT, config.DATABASE_URL, config.PUBLIC_URL]).toEqual([3000, undefined, 'https://a.example'])
  })

  it.each([
    [{ PORT: '70000' }, 'PORT: must be at most 65535'],
    [{ PORT: 'http' }, 'PORT: must be a whole number'],
    [{ PUBLIC_URL: 'auth.example.com' }, 'PUBLIC_URL: '],
    [{ PUBLIC_URL: 'https://a.example/?x' }, 'PUBLIC_URL: must be an origin'],
    [{ PUBLIC_URL: 'https://a.example/#x' }, 'PUBLIC_URL: must be an origin'],
    [{ PUBLIC_URL: 'https://me@a.example/' }, 'PUBLIC_URL: must be an origin'],
    [{ PUBLIC_URL: 'https://A.example/t1' }, 'PUBLIC_URL: must be an origin'],
    [{ PUBLIC_URL: 'https://a.example/t1//t2' }, 'PUBLIC_URL: must be an origin'],
    [{ PUBLIC_URL: 'https://a.example/a%20b' }, 'PUBLIC_URL: must be an origin'],
    [{ PUBLIC_URL: 'https://a.example/.well-known' }, 'PUBLIC_URL: must be an origin'],
    [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL: '],
    [{ REDIS_URL: 'http://x' }, 'REDIS_URL: '],
    [{ SMTP_URL: 'http://x' }, 'SMTP_URL: '],
    [{ MAIL_FROM: 'a@example.com, b@example.com' }, 'MAIL_FROM: '],
    [{ MAIL_FROM: 'Name <a@example.com>\r\nBcc: b@example.com' }, 'MAIL_FROM: '],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL: '],
    [{ FREE_AI_TENANT_CAP: '-1' }, 'FREE_AI_TENANT_CAP: '],
    [{ TRUSTED_PROXIES: '*' }, 'TRUSTED_PROXIES: '],
    [{ RATE_LIMIT_OVERRIDES: '{' }, 'RATE_LIMIT_OVERRIDES: '],
    [{ RATE_LIMITS: 'maybe' }, 'RATE_LIMITS: '],
    [{ WEBAUTHN_TEST_MODE: 'true' }, 'TEST_AUTHENTICATOR_SECRET: '],
    [{ ...production, PUBLIC_URL: 'http://auth.example.com' }, 'PUBLIC_URL: must be https in production'],
    [{ MASTER_KEY: 'short' }, 'MASTER_KEY: '],
    [{ MASTER_KEY: '00'.repeat(32) }, 'MASTER_KEY: '],
    [{ ...production, MASTER_KEY: '' }, 'MASTER_KEY: is required in production'],
    [{ ...production, RATE_LIMITS: 'off' }, 'RATE_LIMITS: '],
    [{ ...production, DEMO: 'on' }, 'DEMO: '],
    [{ ...production, WEBAUTHN_TEST_MODE: 'on', TEST_AUTHENTICATOR_SECRET: 'x'.repeat(32) }, 'WEBAUTHN_TEST_MODE: '],
  ])('security 242: %j stops the start and names the variable', (source, message) => {
    expect(() => parseConfig(source)).toThrow(ConfigError)
    expect(() => parseConfig(source)).toThrow(message)
  })

  it('stands in the README, every one and nothing else', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    const table = readme.slice(readme.indexOf('## Settings'), readme.indexOf('## Running it for real'))
    const named = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) =>
      [...(cell ?? '').matchAll(/`([A-Z_]+)`/g)].map((m) => m[1]),
    )
    expect(named.sort()).toEqual(Object.keys(Settings.shape).sort())
  })
})
