import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const notOurs = /(?:^|\/)(?:node_modules|dist|generated|\.[^/]+)(?:\/|$)/

type Source = { path: string; text: string; code: string; lines: number }

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')

function sources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !notOurs.test(path))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, code: withoutComments(text), lines: text.split('\n').length - 1 }
    })
}

const isTest = ({ path }: Source): boolean => /\.test\.ts$/.test(path)
const server = sources('server/src')
const product = server.filter((source) => !isTest(source))
const sdk = sources('sdk').filter((source) => !isTest(source) && !source.path.startsWith('sdk/test/'))

/** Where a file imports from at run time; types leave no trace there. `eager`: when it is loaded, not later. */
function imports({ path, code }: Pick<Source, 'path' | 'code'>, when: 'ever' | 'eager' = 'ever'): string[] {
  const clauses = [...code.matchAll(/^\s*(?:import|export)\s+([^'";]*?from\s+)?['"]([^'"]+)['"]/gm)]
  const dynamic = [...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)].map((match) => match[1] as string)
  const isTypes = (clause: string): boolean => {
    const names = clause.match(/^\{([\s\S]*)\}\s*from\s+$/)?.[1]
    return /^type\s/.test(clause) || names?.split(',').every((name) => /^\s*(?:type\s|$)/.test(name)) === true
  }
  const real = clauses.filter(([, clause = '']) => !isTypes(clause)).map((match) => match[2] as string)
  return [...real, ...(when === 'ever' ? dynamic : [])].map((from) =>
    from.startsWith('.') ? join(dirname(path), from) : from,
  )
}

const area = (path: string): string => path.match(/^server\/src\/([^/]+)\//)?.[1] ?? ''
const isSlice = (path: string): boolean => !['', 'platform', 'surfaces', 'generated'].includes(area(path))

type Rule = {
  rule: string
  files: readonly Source[]
  pattern: RegExp
  /** Where it may stand all the same. */
  allowed?: RegExp
  /** What the pattern must catch, so that it cannot rot. */
  caught: string
}

const rules: Rule[] = [
  {
    rule: 'the dashboard names no address from the root: PUBLIC_URL may have a path',
    files: sources('dashboard/src'),
    pattern: /(?:href|src|action)="\/|['"`]\/(?:dashboard|device|trpc|v1)\b/,
    allowed: /^dashboard\/src\/router\/path\.ts$/,
    caught: "window.location.assign('/dashboard')",
  },
  {
    rule: "tRPC's internals are read in one place",
    files: product,
    pattern: /\b_def\b/,
    allowed: /^server\/src\/surfaces\/operations\.ts$/,
    caught: 'router._def.procedures',
  },
  {
    rule: 'a slice never sees a request or a reply',
    files: product,
    pattern: /from ['"](?:fastify|@fastify\/[\w-]+)['"]/,
    allowed: /^server\/src\/(?:app\.ts|surfaces\/|demo\/page\.ts)/,
    caught: "import type { FastifyReply } from 'fastify'",
  },
  {
    rule: 'configuration is a value',
    files: product,
    pattern: /\bprocess\.env\b|\benv\b.*from ['"]node:process['"]/,
    allowed: /^server\/src\/config\.ts$/,
    caught: 'const url = process.env.DATABASE_URL',
  },
  {
    rule: 'one clock, movable in tests',
    files: product,
    pattern: /\bnew Date\(|\bDate\.now\b|\bperformance\.now\b/,
    allowed: /^server\/src\/platform\/time\.ts$/,
    caught: 'const now = Date.now()',
  },
  {
    rule: 'one place to audit randomness',
    files: product,
    pattern:
      /\b(?:randomBytes|randomUUID|randomInt|randomFill\w*|getRandomValues)\b(?=[^'"]*\bfrom ['"]node:crypto['"])|\bcrypto\.random\w+|\bMath\.random\b/,
    allowed: /^server\/src\/platform\/(?:ids|secrets)\.ts$/,
    caught: "import { randomBytes } from 'node:crypto'",
  },
  {
    rule: 'no global client to reach for',
    files: product,
    pattern: /\bnew (?:PrismaClient|PGlite|Pool|Client|Redis|PgBoss)\b|\bPGlite\.create\b/,
    allowed: /^server\/src\/platform\//,
    caught: 'const db = new PrismaClient()',
  },
  {
    rule: 'Node strips types, it does not compile',
    files: [...server, ...sdk],
    pattern:
      /^\s*(?:export\s+|declare\s+|const\s+)*(?:enum|namespace)\s+\w+\s*\{|constructor\([^)]*\b(?:private|public|protected|readonly)\s|^\s*@\w+\(.*\)\s*$|^\s*import \w+ = /m,
    caught: 'export enum Status {',
  },
  {
    rule: 'relative imports name the file that runs',
    files: [...server, ...sdk],
    pattern: /from ['"]\.{1,2}\/[^'"]*(?<!\.ts|\.json)['"]/,
    caught: "import { list } from './service'",
  },
  {
    rule: 'the MCP library is loaded when somebody comes, not with the server',
    files: product,
    pattern: /from ['"](?:@modelcontextprotocol\/|[^'"]*\/mcp-(?:server|handlers)\.ts)/,
    allowed: /^server\/src\/surfaces\/mcp-(?:server|handlers)\.ts$/,
    caught: "import { createMcpServer } from './mcp-server.ts'",
  },
  {
    rule: 'named exports only',
    files: product,
    pattern: /^export default\b/m,
    caught: 'export default router',
  },
  {
    rule: 'no type check is switched off',
    files: [...product, ...sdk].map((source) => ({ ...source, code: source.text })),
    pattern: /@ts-(?:ignore|nocheck|expect-error)/,
    caught: '// @ts-ignore',
  },
  {
    rule: 'logs go through the redacting logger',
    files: product,
    pattern: /\bconsole\.\w+\(/,
    caught: 'console.log(token)',
  },
]

describe('architecture', () => {
  it.each(rules)('$rule', ({ files, pattern, allowed, caught }) => {
    expect(pattern.test(caught)).toBe(true)
    const broken = files.filter(({ path, code }) => !allowed?.test(path) && pattern.test(code))
    expect(broken.map(({ path }) => path)).toEqual([])
  })

  it('knows an import of types from one that runs', () => {
    const code = [
      "import type { A } from './a.ts'",
      "import { type B, type C } from './b.ts'",
      "import { type D, e } from './d.ts'",
      "import './f.ts'",
      "export { g } from './g.ts'",
      "const h = await import('./h.ts')",
      "import i, {\n  j,\n} from './i.ts'",
    ].join('\n')
    expect(imports({ path: 'x/y.ts', code })).toEqual(['x/d.ts', 'x/f.ts', 'x/g.ts', 'x/i.ts', 'x/h.ts'])
  })

  it('the platform and the surfaces know no feature', () => {
    const broken = product
      .filter(({ path }) => ['platform', 'surfaces'].includes(area(path)))
      .flatMap((source) =>
        imports(source)
          .filter(isSlice)
          .map((to) => `${source.path} -> ${to}`),
      )
    expect(broken).toEqual([])
    const upward = product
      .filter(({ path }) => area(path) === 'platform')
      .flatMap((source) => imports(source).filter((to) => area(to) === 'surfaces'))
    expect(upward).toEqual([])
  })

  it("a slice uses another slice's verbs; only routers nest routers", () => {
    const broken = product
      .filter(({ path }) => isSlice(path) && !path.endsWith('/router.ts'))
      .flatMap((source) =>
        imports(source)
          .filter((to) => /\/router\.ts$/.test(to))
          .map((to) => `${source.path} -> ${to}`),
      )
    expect(broken).toEqual([])
  })

  it('imports between files form no cycle', () => {
    const graph = new Map(product.map((source) => [source.path, imports(source, 'eager')]))
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (path: string, trail: string[]): void => {
      const at = trail.indexOf(path)
      if (at >= 0) cycles.push([...trail.slice(at), path].join(' -> '))
      if (at >= 0 || done.has(path)) return
      for (const to of graph.get(path) ?? []) visit(to, [...trail, path])
      done.add(path)
    }
    for (const path of graph.keys()) visit(path, [])
    expect(cycles).toEqual([])
  })

  it('imports between slices form no cycle, routers that nest apart', () => {
    const edges = new Map<string, Set<string>>()
    for (const source of product) {
      if (!isSlice(source.path) || source.path.endsWith('/router.ts')) continue
      const from = area(source.path)
      for (const to of imports(source).filter(isSlice))
        if (area(to) !== from) edges.set(from, (edges.get(from) ?? new Set()).add(area(to)))
    }
    const reach = (from: string, seen = new Set<string>()): Set<string> => {
      for (const to of edges.get(from) ?? []) if (!seen.has(to)) reach(to, seen.add(to))
      return seen
    }
    expect([...edges.keys()].filter((slice) => reach(slice).has(slice))).toEqual([])
  })

  it('the clients know the contract, not the server', () => {
    expect(sdk.flatMap((source) => imports(source).filter((to) => to.startsWith('server/')))).toEqual([])
    const named = sdk.filter(({ code }) => /from ['"][^'"]*(?:\bserver\/src|@trpc|zod|prisma)/.test(code))
    expect(named.map(({ path }) => path)).toEqual([])
  })

  it('files are named for what they hold', () => {
    const drawers =
      /(?:^|\/)(?:helpers?|utils?|common|types|constants|manager|repository|dto|mapper|index|misc|shared)(?:\.ts|\/)/
    expect(drawers.test('server/src/users/utils.ts')).toBe(true)
    expect(server.filter(({ path }) => drawers.test(path)).map(({ path }) => path)).toEqual([])
    expect(server.filter(({ path }) => !/^[a-z0-9./-]+$/.test(path)).map(({ path }) => path)).toEqual([])
  })

  it('files stay short: the median near 80 lines, nine in ten under 250, none above 350', () => {
    const lengths = product.map(({ lines }) => lines).sort((a, b) => a - b)
    const at = (share: number) => lengths[Math.floor(lengths.length * share)] ?? 0
    expect(at(0.5)).toBeLessThanOrEqual(100)
    expect(at(0.9)).toBeLessThanOrEqual(250)
    expect(product.filter(({ lines }) => lines > 350).map(({ path }) => path)).toEqual([])
  })

  it('every slice with codes is in the table of codes', () => {
    const table = readFileSync(join(root, 'server/src/errors.ts'), 'utf8')
    const missing = product.filter(
      ({ path }) =>
        /^server\/src\/[^/]+\/errors\.ts$/.test(path) && isSlice(path) && !table.includes(`./${area(path)}/errors.ts`),
    )
    expect(missing.map(({ path }) => path)).toEqual([])
  })
})
