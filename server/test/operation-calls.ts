import { contract } from '../src/contract.ts'
import { appRouter } from '../src/router.ts'
import { listOperations, type Operation } from '../src/surfaces/operations.ts'
import { pay } from './account.ts'
import { contractOf } from './answers.ts'
import { type Answer, freshAddress, type TestApp } from './harness.ts'
import { origin, type Sample, samples, type World } from './samples.ts'

export const operations = listOperations(appRouter)
/** For `it.each`: the name and the operation. */
export const named = operations.map((operation): [string, Operation] => [operation.name, operation])
/** Left out: a command that is a GET, for programs that follow the link of a mail. */
export const reads = named.filter(([, { type }]) => type === 'query')
export const writes = named.filter(([, { method }]) => method !== 'GET')
export const guarded = named.filter(([, { auth }]) => !auth.includes('none'))

export const documented = contractOf(contract('https://auth.example.com', operations))

/** What a call does differently from its sample. */
export type Change = {
  headers?: Record<string, string>
  /** null: no credential */
  token?: string | null
  body?: unknown
  path?: string
  method?: string
  query?: string
  ip?: string
}

/** A tenant on a plan that has every scope and room for what samples make. */
export const worldOf = async (server: TestApp): Promise<World> => ({
  server,
  tenant: await pay(server, await server.tenant({ origins: [origin] }), 'enterprise'),
})

/** A tenant of its own and a valid call of the operation for it, whose credential is there by then. */
export async function prepare(server: TestApp, name: string): Promise<[World, Sample]> {
  const world = await worldOf(server)
  const sample = samples[name]
  if (!sample) throw new Error(`${name} has no row in test/samples.ts`)
  const made = await sample(world)
  const operation = operations.find((other) => other.name === name)
  if (operation) await credential(operation, world, made)
  return [world, made]
}

const fill = (path: string, params: Record<string, string> = {}): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? 'missing'))

/** The credential that the operation asks for first. */
export async function credential(
  { auth }: Operation,
  { server, tenant }: World,
  sample: Sample,
): Promise<{
  token?: string
  origin?: string
  headers?: Record<string, string>
}> {
  if (sample.headers) return { headers: sample.headers }
  if (auth.includes('account') || auth.includes('dashboard'))
    return {
      headers: await server.present(tenant, { kind: 'user', role: 'owner' }),
    }
  if (sample.token) return { token: sample.token, origin }
  if (auth.includes('admin') || auth.includes('manager')) return { token: tenant.token }
  return auth.includes('publishable') ? { token: tenant.clientId, origin } : {}
}

/** Sends the sample with its credential, from an address of its own. */
export async function send(operation: Operation, world: World, sample: Sample, change: Change = {}): Promise<Answer> {
  const { token, headers, ...rest } = await credential(operation, world, sample)
  const query = change.query ?? new URLSearchParams(sample.query).toString()
  const path = change.path ?? fill(operation.path, sample.params)
  const body = 'body' in change ? change.body : operation.method === 'GET' ? undefined : sample.body
  const sent = change.token === undefined ? token : (change.token ?? undefined)
  return world.server.call(change.method ?? operation.method, `${path}${query && `?${query}`}`, {
    ...rest,
    ...(sent === undefined ? {} : { token: sent }),
    ...(body === undefined ? {} : { body }),
    headers: { ...(change.token === undefined ? headers : {}), ...change.headers },
    ip: change.ip ?? freshAddress(),
  })
}

/** Sends, and holds the answer against the OpenAPI document. */
export async function ask(operation: Operation, world: World, sample: Sample, change: Change = {}): Promise<Answer> {
  const answer = await send(operation, world, sample, change)
  documented.check(operation.name, answer)
  return answer
}

/** The code of an error in any dialect. */
export const codeOf = ({ body }: Answer): string => (typeof body?.error === 'string' ? body.error : body?.error?.code)
