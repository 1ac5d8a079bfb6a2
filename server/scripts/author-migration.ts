import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import * as schemaEngine from '@prisma/schema-engine-wasm/schema_engine_bg'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { systemClock, toIso } from '../src/platform/time.ts'

// Prisma's schema engine as the WebAssembly module it publishes, called directly: the CLI would download a native one,
// and a migration is authored against a PGlite in memory, so no database is needed and none can be harmed.

const require = createRequire(import.meta.url)

/** The engine takes adapters whose methods return results instead of throwing; Prisma's own package wraps them. */
function engineAdapter(lite: PGlite): object {
  const utils: { bindMigrationAwareSqlAdapterFactory(factory: PrismaPGlite): object } = createRequire(
    require.resolve('@prisma/adapter-pg'),
  )('@prisma/driver-adapter-utils')
  return utils.bindMigrationAwareSqlAdapterFactory(new PrismaPGlite(lite))
}

let loaded = false

function loadEngine(): void {
  // Its bindings are one per process: a second instance would take them from the first.
  if (loaded) return
  loaded = true
  const binary = readFileSync(
    require.resolve('@prisma/schema-engine-wasm').replace(/[^/\\]+$/, 'schema_engine_bg.wasm'),
  )
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), {
    './schema_engine_bg.js': { ...schemaEngine },
  })
  schemaEngine.__wbg_set_wasm(instance.exports)
  const start = instance.exports.__wbindgen_start
  if (typeof start === 'function') start()
}

const readModels = (folder: string): { path: string; content: string }[] =>
  ['schema.prisma', ...readdirSync(join(folder, 'models')).map((name) => `models/${name}`)]
    .filter((path) => path.endsWith('.prisma'))
    .map((path) => ({ path, content: readFileSync(join(folder, path), 'utf8') }))

const readMigrations = (folder: string) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map((path) => {
      const value = readFileSync(join(folder, path, 'migration.sql'), 'utf8')
      return { path, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } } }
    })

type Engine = schemaEngine.SchemaEngine

const filters = { externalTables: [], externalEnums: [] }

const migrationList = (folder: string) => ({
  baseDir: folder,
  lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
  shadowDbInitScript: '',
  migrationDirectories: readMigrations(folder),
})

async function withEngine<T>(prismaFolder: string, lite: PGlite, work: (engine: Engine) => Promise<T>): Promise<T> {
  loadEngine()
  const datamodels = readModels(prismaFolder).map(({ path, content }): [string, string] => [path, content])
  const engine = await schemaEngine.SchemaEngine.new({ datamodels }, () => {}, engineAdapter(lite))
  try {
    return await work(engine)
  } finally {
    engine.free()
  }
}

/** SQL that leads from the committed migrations to the models of a `prisma` folder; empty when they agree. */
export async function diffSql(prismaFolder: string): Promise<string> {
  const lite = await PGlite.create('memory://')
  try {
    const { stdout } = await withEngine(prismaFolder, lite, (engine) =>
      engine.diff({
        from: { tag: 'migrations', ...migrationList(join(prismaFolder, 'migrations')) },
        to: { tag: 'schemaDatamodel', files: readModels(prismaFolder) },
        script: true,
        exitCode: null,
        filters,
      }),
    )
    const sql = stdout?.trim() ?? ''
    return sql === '-- This is an empty migration.' ? '' : sql
  } finally {
    await lite.close()
  }
}

/** What `prisma migrate deploy` would apply to this database, and does; throws where it would. */
export async function deployAsPrisma(prismaFolder: string, lite: PGlite): Promise<string[]> {
  const { appliedMigrationNames } = await withEngine(prismaFolder, lite, (engine) =>
    engine.applyMigrations({ migrationsList: migrationList(join(prismaFolder, 'migrations')), filters }),
  )
  return appliedMigrationNames
}

async function author(name: string | undefined): Promise<void> {
  if (!name || !/^[a-z][a-z0-9_]*$/.test(name)) throw new Error('usage: db:migration <name_in_snake_case>')
  const prismaFolder = fileURLToPath(new URL('../../prisma', import.meta.url))
  const sql = await diffSql(prismaFolder)
  if (!sql) throw new Error('the models and the migrations agree: nothing to write')
  const stamp = toIso(systemClock()).replace(/\D/g, '').slice(0, 14)
  const folder = join(prismaFolder, 'migrations', `${stamp}_${name}`)
  if (existsSync(folder)) throw new Error(`${folder} exists`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'migration.sql'), `${sql}\n`)
  console.log(
    `${folder}/migration.sql\nRead it: expand first, contract later, PostgreSQL 15, no long lock (add nullable, backfill, constrain).`,
  )
}

if (import.meta.main) {
  await author(process.argv[2]).catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
