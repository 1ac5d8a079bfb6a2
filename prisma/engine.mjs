#!/usr/bin/env node
import { createInterface } from 'node:readline'

// Stands where the Prisma CLI looks for its native schema engine, so that it downloads none. `generate`, `validate`,
// `format` and `version` never start it. Whatever would is refused aloud: an engine that merely exits makes
// `migrate diff` print nothing and succeed, which is how an empty migration gets committed.
const message =
  'This project writes migrations with `db:migration <name>` and applies them at start. ' +
  'For the Prisma CLI with its own engine, set PRISMA_SCHEMA_ENGINE_BINARY to an empty string.'

if (process.argv.includes('--version')) {
  console.log('schema-engine-cli not-installed')
} else if (process.argv.includes('can-connect-to-database')) {
  // The CLI waits for this answer before it asks anything else.
  process.exitCode = 0
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id } = JSON.parse(line)
    console.log(
      JSON.stringify({ jsonrpc: '2.0', id, error: { code: 4466, message, data: { is_panic: false, message } } }),
    )
  }
}
