/**
 * Writes `openapi.json` from the router, then what is generated from it. With `--check` it writes nothing, and fails when
 * a file is not what the router gives.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { contract } from './src/contract.ts'

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const isCheck = process.argv.includes('--check')
const file = at('openapi.json')
const text = `${JSON.stringify(contract(), null, 2)}\n`

if (!isCheck) {
  writeFileSync(file, text)
} else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  console.error('openapi.json is not what the router gives: run `pnpm contract` and commit what it writes')
  process.exitCode = 1
}

const sdk = at('sdk/generate.ts')
if (existsSync(sdk)) {
  const { status } = spawnSync(process.execPath, [sdk, ...(isCheck ? ['--check'] : [])], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
