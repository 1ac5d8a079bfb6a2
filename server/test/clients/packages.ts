import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Whether clients of other people are installed and run: they are large, and come from the package registry, so only where
 * nothing may be left out, or when asked for.
 */
export const testClients = process.env.REQUIRE_ALL === '1' || process.env.TEST_CLIENTS === '1'

export type Installed = { folder: string; bin(name: string): string; remove(): Promise<void> }

/**
 * Installs packages as published into a folder of their own. Their scripts do not run: whoever needs what one of them does
 * runs it.
 */
export async function install(...packages: string[]): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'clients-'))
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts']
  await run('npm', ['install', ...quiet, '--prefix', folder, ...packages], { timeout: 180_000, maxBuffer: 2 ** 24 })
  return {
    folder,
    bin: (name) => join(folder, 'node_modules/.bin', name),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export type Ran = { code: number; output: string }

/** Runs a shell command with nothing of this machine but the path, in a throw-away home. */
export function shell(command: string, env: Record<string, string>, timeout = 60_000): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      'sh',
      ['-c', command],
      { env: { ...env, NO_COLOR: '1', CI: '1' }, timeout, maxBuffer: 2 ** 24, cwd: env.HOME },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0
        resolve({ code, output: `${stdout}\n${stderr}` })
      },
    )
    child.stdin?.end()
  })
}
