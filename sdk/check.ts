/** Builds the package as it is published and holds it against its promises. One line for each; exits 1 if one fails. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const here = dirname(fileURLToPath(import.meta.url))
const tools = join(here, '../node_modules/.bin')
const scratch = mkdtempSync(join(tmpdir(), 'trymellon-sdk-'))
const env = { ...process.env, PATH: `${tools}${delimiter}${process.env.PATH}`, NO_COLOR: '1' }

/** Bytes of each entry, bundled, minified and gzipped; chunks that are loaded on demand not counted. */
const budgets = { index: 5120, admin: 5120 }
const forbidden = {
  index: ['zod', '@trpc', 'prisma', 'client_secret', 'clientSecret'],
  admin: ['zod', '@trpc', 'prisma'],
}
const published = /^(dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)|package\.json|README\.md|LICENSE)$/

let failures = 0

/** Runs one check. What it returns is printed beside its name; what it throws makes it fail. */
function check(name: string, run: () => string): void {
  try {
    console.log(`ok    ${name}: ${run()}`)
  } catch (error) {
    failures += 1
    console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : error}`)
  }
}

function run(command: string, args: string[], cwd = here): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`)
  return stdout.trim()
}

type Metafile = { outputs: Record<string, { imports: { path: string; kind: string }[]; entryPoint?: string }> }

/** Bundles a built entry as an application would. `core` is what loads at once, `all` has the chunks on demand too. */
function bundle(entry: string): { core: string; all: string } {
  const out = join(scratch, `bundle-${entry}`)
  const args = ['--bundle', '--splitting', '--format=esm', '--minify', '--target=es2022', '--log-level=error']
  run('esbuild', [`dist/${entry}.js`, ...args, `--outdir=${out}`, `--metafile=${out}.json`])
  const { outputs } = JSON.parse(readFileSync(`${out}.json`, 'utf8')) as Metafile
  const core = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint?.endsWith(`${entry}.js`)))
  for (const path of core) {
    for (const { path: target, kind } of outputs[path]?.imports ?? []) if (kind === 'import-statement') core.add(target)
  }
  const read = (paths: Iterable<string>): string =>
    [...paths].map((path) => readFileSync(join(here, path), 'utf8')).join('\n')
  return { core: read(core), all: read(Object.keys(outputs)) }
}

/** Node 20 and newer that can be found outside of this repository, beside the one that runs this. */
function nodes(): Map<string, string> {
  const places = (process.env.PATH ?? '').split(delimiter).filter((place) => !place.includes('node_modules'))
  const found = new Map([[process.version, process.execPath]])
  for (const path of places.map((place) => join(place, 'node')).filter(existsSync)) {
    const version = run(path, ['--version'])
    if (Number.parseInt(version.slice(1), 10) >= 20 && !found.has(version)) found.set(version, path)
  }
  return found
}

/** An empty project with the tarball unpacked where an installation would put it: there is nothing else to install. */
function consumer(tarball: string): string {
  const project = join(scratch, 'consumer')
  const target = join(project, 'node_modules/@trymellon/sdk')
  mkdirSync(target, { recursive: true })
  cpSync(join(here, 'test/consumer'), project, { recursive: true })
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true }')
  run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'])
  return project
}

const typeCheck = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom']

function packageChecks(): void {
  const file = run('npm', ['pack', '--silent', '--pack-destination', scratch]).split('\n').at(-1) as string
  const tarball = join(scratch, file)
  check('tarball', () => {
    const files = run('tar', ['-tzf', tarball])
      .split('\n')
      .map((path) => path.replace(/^package\//, ''))
    const strangers = files.filter((path) => !published.test(path))
    if (strangers.length > 0) throw new Error(`holds ${strangers.join(', ')}`)
    if (!files.includes('README.md') || !files.includes('LICENSE')) throw new Error('lacks README.md or LICENSE')
    const manifest = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))
    if (manifest.dependencies) throw new Error(`depends on ${Object.keys(manifest.dependencies).join(', ')}`)
    return `${files.length} files, no dependencies`
  })
  check('publint', () => run('publint', ['run', tarball, '--strict']).split('\n').at(-1) as string)
  check(
    'attw',
    () => run('attw', [tarball, '--profile', 'node16', '--format', 'ascii', '--no-emoji']) && 'types resolve',
  )

  const project = consumer(tarball)
  for (const [version, node] of nodes()) {
    check(`ES module on Node ${version}`, () => run(node, ['use.mjs'], project) || 'works')
    check(`CommonJS on Node ${version}`, () => run(node, ['use.cjs'], project) || 'works')
  }
  const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler', 'typed.mts']
  const node16 = ['--module', 'node16', 'typed.mts', 'typed.cts']
  check('types, node16', () => run('tsc', [...typeCheck, ...node16], project) || 'ES module and CommonJS')
  check('types, bundler', () => run('tsc', [...typeCheck, ...bundler], project) || 'ES module')
}

check('contract', () => run(process.execPath, ['generate.ts', '--check']) || 'as openapi.json says')
check('build', () => run('tsup', ['--silent']) || readdirSync(join(here, 'dist')).join(' '))
for (const entry of ['index', 'admin'] as const) {
  check(`size of ${entry}`, () => {
    const { core, all } = bundle(entry)
    const size = gzipSync(core, { level: 9 }).length
    const found = forbidden[entry].filter((word) => all.includes(word))
    if (found.length > 0) throw new Error(`holds ${found.join(', ')}`)
    if (size > budgets[entry]) throw new Error(`${size} bytes gzip of ${budgets[entry]}`)
    return `${size} bytes gzip of ${budgets[entry]}`
  })
}
packageChecks()
rmSync(scratch, { recursive: true })
console.log(failures === 0 ? 'The package is as promised.' : `${failures} failed.`)
process.exitCode = failures === 0 ? 0 : 1
