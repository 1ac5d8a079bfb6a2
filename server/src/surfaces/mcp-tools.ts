import { decide, type PolicyRow } from '../platform/authorize.ts'
import type { Principal } from '../platform/principal.ts'
import type { PolicyName } from '../policies.ts'
import { inputOf, type ObjectSchema, outputOf } from './mcp-schemas.ts'
import type { Operation } from './operations.ts'

/** A tool as `tools/list` shows it; every word is a constant of ours. */
export type ListedTool = {
  name: string
  title: string
  description: string
  inputSchema: ObjectSchema
  outputSchema: ObjectSchema
  annotations: {
    title: string
    readOnlyHint: boolean
    destructiveHint: boolean
    idempotentHint: boolean
    openWorldHint: false
  }
}

export type Tool = { operation: Operation; listed: ListedTool; members: ReadonlySet<string> }

function annotationsOf({ method, type, endpoint }: Operation, title: string): ListedTool['annotations'] {
  const readOnlyHint = type === 'query'
  const destructiveHint = method === 'DELETE' || endpoint.mcp === 'destructive'
  // Done twice, a PATCH or DELETE leaves what it left; a POST does with the same `idempotency_key`.
  const idempotentHint = method !== 'POST' || (!destructiveHint && endpoint.idempotent !== undefined)
  return { title, readOnlyHint, destructiveHint, idempotentHint, openWorldHint: false }
}

function toolOf(operation: Operation): Tool {
  const { summary } = operation.endpoint
  const title = summary.split(/[,;:.]/, 1)[0] as string
  const inputSchema = inputOf(operation)
  return {
    operation,
    members: new Set(Object.keys(inputSchema.properties ?? {})),
    listed: {
      name: operation.name.replaceAll('.', '_'),
      title,
      description: summary,
      inputSchema,
      outputSchema: outputOf(operation),
      annotations: annotationsOf(operation, title),
    },
  }
}

/** The tools: the operations with the MCP flag (agents.md §11.3), by name, in the order of their names. */
export function toolsOf(operations: readonly Operation[]): ReadonlyMap<string, Tool> {
  const tools = operations.filter(({ endpoint }) => endpoint.mcp).map(toolOf)
  const byName = tools.map((tool): [string, Tool] => [tool.listed.name, tool])
  return new Map(byName.sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** Whether the policies let a caller use a tool: others are not listed for it. */
export const isFor = (
  { operation }: Tool,
  principal: Principal,
  policies: Readonly<Record<PolicyName, PolicyRow>>,
): boolean => decide(policies[operation.endpoint.policy], principal, operation.endpoint.scope) === null
