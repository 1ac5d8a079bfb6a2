import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { contractText } from './generator/contract.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

it('contract.gen.ts is what openapi.json gives', () => {
  const document = JSON.parse(readFileSync(here('../openapi.json'), 'utf8'))
  expect(readFileSync(here('src/contract.gen.ts'), 'utf8')).toBe(contractText(document))
  execFileSync(process.execPath, [here('generate.ts'), '--check'])
})
