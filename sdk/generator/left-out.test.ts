import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { adminOperations } from '../src/contract.gen.ts'
import { leftOut } from './left-out.ts'

type Entry = { operationId?: string; security?: Record<string, unknown>[] }

const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, Entry>>
}
const entries = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, { operationId: id, security = [] }]) =>
    id === undefined ? [] : [{ id, security, route: `${method.toUpperCase()} ${path}` }],
  ),
)

type Node = { [name: string]: Node } | { method: string; path: string; exports?: boolean }
const isRow = (node: Node): node is { method: string; path: string; exports?: boolean } => typeof node.path === 'string'

/** Every method of the admin client, by its name in the API. */
function offered(tree: Node, prefix = ''): [id: string, route: string][] {
  if (isRow(tree)) return tree.exports ? [] : [[prefix, `${tree.method} ${tree.path}`]]
  return Object.entries(tree).flatMap(([name, node]) => offered(node, prefix ? `${prefix}.${name}` : name))
}
const snake = (text: string) => text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const methods = new Map(offered(adminOperations as unknown as Node).map(([id, route]) => [snake(id), route]))

const programs = ['client_credentials', 'basic', 'secret_key']
const forPrograms = entries.filter(({ security }) =>
  security.some((ways) => programs.some((program) => program in ways)),
)

describe('the admin client', () => {
  it('offers, under its own name, every operation that a program’s credential may call, but those that are left out', () => {
    const missing = forPrograms.filter(({ id, route }) => methods.get(id) !== route && !(id in leftOut))
    expect(missing).toEqual([])
    expect(forPrograms.length).toBeGreaterThan(30)
  })

  it('leaves out nothing that a secret key or an access token is needed for, and nothing that is not there', () => {
    const needed = forPrograms.filter(({ security }) => !security.some((ways) => Object.keys(ways).length === 0))
    expect(needed.filter(({ id }) => id in leftOut)).toEqual([])
    const ids = entries.map(({ id }) => id)
    expect(Object.keys(leftOut).filter((id) => !ids.includes(id) || methods.has(id))).toEqual([])
  })

  it('offers nothing that the document does not have', () => {
    const ids = entries.map(({ id }) => id)
    expect([...methods.keys()].filter((id) => !ids.includes(id))).toEqual([])
  })
})
