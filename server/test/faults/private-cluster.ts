import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../ports.ts'

const exec = promisify(execFile)

function find(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(':')]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'pg_ctl')))
}

/** Where `initdb` and `pg_ctl` are; undefined where there are none. */
export const postgresBinaries: string | undefined = find()

/** PostgreSQL refuses to run as root: then it is Debian's user for it. */
function runAs(): { uid: number; gid: number } | object {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** A PostgreSQL server that belongs to one test, which may stop it. */
export type PrivateCluster = {
  url: string
  start(): Promise<void>
  /** @param mode `fast`: ends connections and shuts down; `immediate`: as a crash, recovered at the next start */
  stop(mode: 'fast' | 'immediate'): Promise<void>
  drop(): Promise<void>
}

/** Makes and starts it, in a folder and on a port of its own. */
export async function privateCluster(binaries: string): Promise<PrivateCluster> {
  const user = runAs()
  const folder = await mkdtemp(join(tmpdir(), 'trymellon-pg-'))
  if ('uid' in user) await chown(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const port = await freePort()
  const options = { cwd: folder, ...user }
  const control = (...args: string[]) => exec(join(binaries, 'pg_ctl'), ['-D', data, '-w', '-s', ...args], options)
  await exec(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale'],
    options,
  )
  const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=50`
  // Its output goes to a file: a pipe would be held open by the server.
  const start = async () => void (await control('-l', join(folder, 'log'), '-o', settings, 'start'))
  const stop = async (mode: string) => void (await control('-m', mode, 'stop'))
  await start()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    start,
    stop,
    async drop() {
      if (existsSync(join(data, 'postmaster.pid'))) await stop('immediate')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
