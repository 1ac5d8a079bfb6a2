import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testApp } from '../../test/harness.ts'
import { provisionDemo } from './provision.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trymellon-demo-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('the demo application', () => {
  it('keeps its credentials in a data folder that nothing else has made, and is the same after a restart', async () => {
    const server = await testApp({ DATA_DIR: join(folder, 'not', 'there') })
    const demo = await provisionDemo(server.app.deps)
    expect(JSON.parse(await readFile(join(folder, 'not', 'there', 'demo.json'), 'utf8'))).toEqual(demo)
    expect(await provisionDemo(server.app.deps)).toEqual(demo)
    await server.close()
  })
})
