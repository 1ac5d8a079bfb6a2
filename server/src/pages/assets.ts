import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** From this file as source, or from a bundle in `server/dist`. */
const places = ['./assets/', '../src/pages/assets/']

const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const

function locate(name: string): URL {
  const found = places.map((place) => new URL(place + name, import.meta.url)).find((url) => existsSync(url))
  if (!found) throw new Error(`the asset ${name} is missing`)
  return found
}

function asset(name: `${string}.${keyof typeof types}`) {
  let bytes: Promise<Buffer> | undefined
  const type = types[name.endsWith('.css') ? 'css' : 'js']
  return {
    path: `/assets/${name}` as const,
    type,
    read: () => {
      bytes ??= readFile(locate(name))
      return bytes
    },
  }
}

/** What the pages load, read when somebody first asks for it. */
export const assets = [
  asset('agent-confirm.js'),
  asset('authorize.js'),
  asset('onboarding.js'),
  asset('page.css'),
  asset('passkeys.js'),
  asset('steps.js'),
  asset('device.js'),
  asset('claim.js'),
  asset('revoke.js'),
]
