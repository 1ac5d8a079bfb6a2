import { defineConfig } from 'vitest/config'

// The gate counts the tests of a run from this file.
const report = process.env.TEST_REPORT

export default defineConfig({
  test: {
    include: ['server/**/*.test.ts', 'sdk/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    globalSetup: ['server/test/machine.ts'],
    // Two workers on two cores, each with a database of its own.
    maxWorkers: 2,
    hookTimeout: 60_000,
    testTimeout: 30_000,
    // A browser on a busy machine takes its time; what is polled for comes, or never does.
    expect: { poll: { timeout: 15_000 } },
  },
})
