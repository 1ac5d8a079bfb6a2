import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pinClient } from './child.ts'
import { drive } from './load.ts'
import { startPostgres } from './postgres.ts'
import { peers, type RowName } from './targets.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { ours } from './trymellon.ts'

/*
 * Where one server's time goes in one row: runs it under --cpu-prof, keeps the samples taken under load, and prints
 * self time by package and by function.
 *
 * pnpm profile --target 'trymellon, PostgreSQL' --row ceremony [--seconds 10] [--top 40]
 */

type CallFrame = { functionName: string; url: string; lineNumber: number }
type Profile = {
  nodes: { id: number; callFrame: CallFrame }[]
  startTime: number
  samples: number[]
  timeDeltas: number[]
}

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'trymellon, PostgreSQL' },
    row: { type: 'string', default: 'ceremony' },
    seconds: { type: 'string', default: '10' },
    warm: { type: 'string', default: '3' },
    top: { type: 'string', default: '40' },
  },
})

/** `file:///…/node_modules/.pnpm/x/node_modules/pg/lib/a.js` → package `pg`, place `lib/a.js`. */
function placeOf({ url, functionName }: CallFrame): { group: string; place: string } {
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(url)
  if (inPackage) return { group: inPackage[1] ?? '', place: inPackage[2] ?? '' }
  if (url.startsWith('node:')) return { group: 'node', place: url }
  if (url.startsWith('wasm:')) return { group: 'wasm', place: '' }
  if (url === '') return { group: functionName.startsWith('(') ? functionName : 'native', place: '' }
  const own = /\/(server\/src\/([^/]+)\/.*|bench\/.*)$/.exec(url)
  return { group: own ? `own: ${own[2] ?? 'bench'}` : 'own', place: own?.[1] ?? url }
}

const clockMicroseconds = () => Number(process.hrtime.bigint() / 1000n)

/** Microseconds of self time by key, largest first, over the samples between two readings of the monotonic clock. */
function rank(profile: Profile, from: number, to: number, key: (frame: CallFrame) => string): [string, number][] {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const totals = new Map<string, number>()
  let at = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const took = profile.timeDeltas[index] ?? 0
    at += took
    const frame = frames.get(id)
    if (!frame || at < from || at > to) continue
    const name = key(frame)
    totals.set(name, (totals.get(name) ?? 0) + took)
  }
  return [...totals].sort((a, b) => b[1] - a[1])
}

function print(title: string, ranked: [string, number][], operations: number, top: number): void {
  const busy = ranked.filter(([name]) => !name.startsWith('(idle)'))
  const total = busy.reduce((sum, [, took]) => sum + took, 0)
  console.log(`\n${title}\n\n| share | µs an operation | where |\n| --- | --- | --- |`)
  for (const [name, took] of busy.slice(0, top)) {
    console.log(`| ${((100 * took) / total).toFixed(1)} % | ${(took / operations).toFixed(1)} | ${name} |`)
  }
}

async function main(): Promise<void> {
  const starter = [...peers, ...ours].find(({ name }) => name === values.target)
  if (!starter) throw new Error(`no such target; there are: ${[...peers, ...ours].map(({ name }) => name).join(' · ')}`)
  pinClient()
  const folder = temporaryFolder('profile')
  const postgres = await startPostgres()
  const target = await starter.start({
    postgres,
    rows: [values.row as RowName],
    nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
  })
  const work = target.works[values.row as RowName]
  if (!work) throw new Error(`${values.target} has no row ${values.row}`)
  await drive(target, work, Number(values.warm))
  const from = clockMicroseconds()
  const round = await drive(target, work, Number(values.seconds))
  const to = clockMicroseconds()
  await target.stop()
  await postgres.stop()

  const files = readdirSync(folder).filter((name) => name.startsWith('CPU') && name.includes(`.${target.pid}.`))
  const [file] = files.filter((name) => name.endsWith('.0.001.cpuprofile') || files.length === 1)
  if (!file) throw new Error(`${readdirSync(folder).length} profiles in ${folder}, none of the main thread`)
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile

  console.log(
    `${values.target}, ${values.row}: ${round.operations} operations, ${round.failures.length} failed, ${((1e6 * round.serverCpu) / round.operations).toFixed(0)} µs of CPU each while profiled`,
  )
  const byPackage = rank(profile, from, to, (frame) => placeOf(frame).group)
  print('Self time by package', byPackage, round.operations, 20)
  const byFunction = rank(profile, from, to, (frame) => {
    const { group, place } = placeOf(frame)
    return `${frame.functionName || '(anonymous)'} · ${group}${place ? ` ${place}:${frame.lineNumber + 1}` : ''}`
  })
  print('Self time by function', byFunction, round.operations, Number(values.top))
}

await main()
process.exit(0)
