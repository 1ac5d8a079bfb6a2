import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { openDatabase } from './db.ts'
import { holdDirectory } from './embedded-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'embedded-'))
afterAll(() => rmSync(folder, { recursive: true }))

const lockModule = fileURLToPath(new URL('./embedded-lock.ts', import.meta.url))
/** Another process that takes the directory and ends as `end` says. */
const otherProcess = (dataDir: string, end: string) =>
  promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    `import { holdDirectory } from ${JSON.stringify(lockModule)}
     await holdDirectory(${JSON.stringify(dataDir)}); ${end}`,
  ])

it('keeps what was committed when the directory is closed and opened again', async () => {
  const dataDir = join(folder, 'made', 'when', 'missing')
  const first = await openDatabase({ dataDir })
  await first.rawTransaction((sql) => sql.script('create table kept (n int); insert into kept values (7)'))
  await first.close()
  const second = await openDatabase({ dataDir })
  expect(await second.sql.query('select n from kept')).toEqual([{ n: 7 }])
  await second.close()
}, 60_000)

it('lets only one process at a time into a directory', async () => {
  const dataDir = join(folder, 'held')
  const release = await holdDirectory(dataDir)
  await expect(holdDirectory(dataDir)).rejects.toThrow('in use by another process')
  await expect(otherProcess(dataDir, '')).rejects.toThrow('in use by another process')
  await release()
  await otherProcess(dataDir, 'process.exit()')
})

it('takes over the directory of a process that was killed', async () => {
  const dataDir = join(folder, 'killed')
  await expect(otherProcess(dataDir, `process.kill(process.pid, 'SIGKILL')`)).rejects.toThrow()
  expect(existsSync(`${dataDir}.lock`)).toBe(true)
  await (await holdDirectory(dataDir))()
  expect(existsSync(`${dataDir}.lock`)).toBe(false)
})

it('locks a directory whose path is too long for a socket', async () => {
  const dataDir = join(folder, 'x'.repeat(200))
  const release = await holdDirectory(dataDir)
  await expect(holdDirectory(dataDir)).rejects.toThrow('in use by another process')
  await release()
})
