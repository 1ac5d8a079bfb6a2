import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { openDatabase } from '../src/platform/db.ts'
import { migrate } from '../src/platform/migrate.ts'
import { deployAsPrisma, diffSql } from './author-migration.ts'

const prismaFolder = fileURLToPath(new URL('../../prisma', import.meta.url))
const copy = mkdtempSync(join(tmpdir(), 'models-'))
afterAll(() => rmSync(copy, { recursive: true }))

it('finds no difference between the models and the committed migrations', async () => {
  expect(await diffSql(prismaFolder)).toBe('')
}, 30_000)

it('writes the difference that a new column makes', async () => {
  cpSync(prismaFolder, copy, { recursive: true })
  const file = join(copy, 'models', 'tenants.prisma')
  writeFileSync(file, readFileSync(file, 'utf8').replace('model Account {', 'model Account {\n  note String?'))
  expect(await diffSql(copy)).toContain('ALTER TABLE "accounts" ADD COLUMN     "note" TEXT')
}, 30_000)

it('leaves nothing to do for the CLI of Prisma, and finds nothing to do after it', async () => {
  for (const [first, second] of [
    [migrate, deployAsPrisma],
    [deployAsPrisma, migrate],
  ] as const) {
    const database = await openDatabase({ dataDir: 'memory://' })
    const { pglite } = database
    if (!pglite) return expect.unreachable()
    const apply = (by: typeof first | typeof second) =>
      by === migrate ? migrate(database) : deployAsPrisma(prismaFolder, pglite)
    expect((await apply(first)).length).toBeGreaterThan(0)
    expect(await apply(second)).toEqual([])
    await database.close()
  }
}, 60_000)
