import { type AdminApi, adminOperations } from '../contract.gen.ts'
import { type Pace, systemPace } from '../pace.ts'
import { type AdminCall, adminCall, type CallOptions } from './call.ts'
import { type AdminConfig, requireCredential, settingsOf, type TransportConfig } from './config.ts'
import { exportOver } from './export.ts'
import { importOver, isIterable } from './import.ts'
import { listOver } from './list.ts'
import type { Operation, OperationTree } from './operation.ts'

/** An admin client: every operation of the API that a server may call, under its own name. */
export type Admin = AdminApi

/** What `provisionAgent` answers: credentials shown once. */
export type ProvisionedAgent = Awaited<ReturnType<AdminApi['onboarding']['provisionAgent']>>

/**
 * Makes a client with one credential. Methods take path parameters, then an input with the API's own fields, then
 * options; they return the data and throw `TryMellonApiError`. Throws the same for a configuration that cannot work
 * and in a browser.
 */
export function createAdmin(config: AdminConfig): Admin {
  return adminAtPace(config, systemPace)
}

/** `createAdmin` with time and chance of the caller's, for tests. */
export function adminAtPace(config: AdminConfig, pace: Pace): Admin {
  const settings = settingsOf(config)
  requireCredential(settings)
  const client: unknown = methods(adminOperations, adminCall(settings, pace))
  return client as Admin
}

/** Gets an agent its own tenant, application and client secret, from no credential at all (http-api.md §3.1). */
export async function provisionAgent(
  { name, ...config }: TransportConfig & { name: string },
  options?: CallOptions,
): Promise<ProvisionedAgent> {
  const call = adminCall(settingsOf(config), systemPace)
  return (await call(adminOperations.onboarding.provisionAgent, [], { name }, options)) as ProvisionedAgent
}

type Method = (...args: unknown[]) => unknown
type Methods = { [name: string]: Method | Methods }

function methods(tree: OperationTree, call: AdminCall): Methods {
  const entries = Object.entries(tree).map(([name, node]): [string, Method | Methods] => [
    name,
    isOperation(node) ? method(node, call) : methods(node, call),
  ])
  return Object.fromEntries(entries)
}

const isOperation = (node: Operation | OperationTree): node is Operation => typeof node.path === 'string'

function method(operation: Operation, call: AdminCall): Method {
  const paramCount = operation.path.split('{').length - 1
  return (...args) => {
    const params = args.slice(0, paramCount) as string[]
    const rest = args.slice(paramCount)
    const input = operation.bare ? undefined : (rest.shift() as Record<string, unknown> | undefined)
    const options = rest[0] as CallOptions | undefined
    if (operation.exports)
      return exportOver((query) => call(operation, params, { ...input, ...query }, options), options?.signal)
    if (operation.batches && isIterable(input)) return importOver(input, operation, call, options)
    if (operation.list) return listOver((query) => call(operation, params, { ...input, ...query }, options))
    return call(operation, params, input, options)
  }
}
