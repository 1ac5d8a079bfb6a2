/**
 * Writes `src/contract.gen.ts` from `../openapi.json`; another document may be named as the argument.
 * With `--check` it writes nothing and fails when the file is not what the document gives.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { contractText } from './generator/contract.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const source = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? here('../openapi.json')
const target = here('src/contract.gen.ts')

const text = contractText(JSON.parse(readFileSync(source, 'utf8')))
if (!process.argv.includes('--check')) {
  writeFileSync(target, text)
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('sdk/src/contract.gen.ts is not what openapi.json gives: run `node sdk/generate.ts`')
  process.exitCode = 1
}
