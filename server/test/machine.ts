import { existsSync } from 'node:fs'
import { testClients } from './clients/packages.ts'
import { teardown as dropDatabases, takeSnapshot, testServer } from './database.ts'

/** Address of a Redis whose keys with the prefix of a test may be written; undefined where there is none. */
export const testRedis: string | undefined = process.env.TEST_REDIS_URL || undefined

const browsers = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** A Chromium to drive; undefined where there is none, or with `TEST_BROWSER=off`. Nothing is downloaded. */
export const testBrowser: string | undefined =
  process.env.TEST_BROWSER === 'off'
    ? undefined
    : process.env.CHROMIUM_PATH || browsers.find((path) => existsSync(path))

/**
 * For tests that start other people's programs, a browser or a command line: on a busy machine one may come too late. The
 * gate tries such a test twice, and names it at its end; at the desk it fails at once.
 */
export const again = { retry: process.env.TEST_REPORT ? 1 : 0 }

const parts = [
  [
    'PostgreSQL (races, two instances, plans)',
    testServer,
    'TEST_DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres',
  ],
  ['Redis (shared limits)', testRedis, 'TEST_REDIS_URL=redis://127.0.0.1:6379'],
  ['clients and suites of other people, from the package registry', testClients || undefined, 'TEST_CLIENTS=1'],
  ['the browser (passkeys in Chromium)', testBrowser, 'CHROMIUM_PATH=/path/to/chromium, or install Chromium'],
] as const

/** Vitest calls it once before all files: says what this run leaves out; refuses to leave anything out in CI. */
export async function setup(): Promise<void> {
  const missing = parts.filter(([, present]) => !present)
  for (const [name, , how] of missing) {
    process.stdout.write(`\n  SKIPPED: everything that needs ${name}. To run it: ${how}\n`)
  }
  if (missing.length > 0 && process.env.REQUIRE_ALL === '1') throw new Error('REQUIRE_ALL=1, and something is missing')
  await takeSnapshot()
}

export const teardown = dropDatabases
