import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { TryMellon } from './index.ts'

it('the version is the package’s', () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  expect(TryMellon.version()).toBe(manifest.version)
})
