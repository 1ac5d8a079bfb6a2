import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// Every CLI command looks for a native schema engine first and downloads it; `generate` and `validate` never start it.
// An empty value brings the CLI's own engine back, for `migrate deploy` and `migrate status` against DATABASE_URL.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(new URL('./engine.mjs', import.meta.url))

export default defineConfig({
  schema: '.',
  migrations: { path: 'migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
})
