import type { RequestContext } from '../platform/context.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import type { Manager } from '../platform/principal.ts'
import { printable } from '../platform/text.ts'
import { fault, RpcError, retryAfter, rpcCodes } from './mcp-rpc.ts'
import type { Tool } from './mcp-tools.ts'
import { countAnswer } from './meter.ts'
import { reportError } from './report-error.ts'

/** One request to the endpoint, whose credential was accepted. */
export type Exchange = {
  context: RequestContext
  principal: Manager
  /** Whether an operation was asked, which counts on its own limits. */
  isCounted: boolean
  /** What the status of the answer must say, in place of a message with 200 (agents.md §11.2). */
  refusal: ApiError | null
}

export type ToolResult = {
  content: { type: 'text'; text: string }[]
  structuredContent: Record<string, unknown>
  isError?: true
}

const resultOf = (structuredContent: Record<string, unknown>): ToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
  structuredContent,
})

/** REST takes these as headers: a refusal that names one must name the argument. */
const inArguments = <T>(value: T): T =>
  value === undefined
    ? value
    : JSON.parse(
        JSON.stringify(value).replaceAll('X-App-Id', 'application_id').replaceAll('Idempotency-Key', 'idempotency_key'),
      )

function errorOf(error: ApiError, requestId: string): ToolResult {
  const wait = retryAfter(error)
  const about = inArguments({
    code: error.errorCode,
    message: error.message,
    request_id: requestId,
    ...(wait === undefined ? {} : { retry_after: wait }),
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
  return { ...resultOf(about), isError: true }
}

function text(name: string, value: unknown): string | null {
  if (value === undefined) return null
  if (typeof value !== 'string') throw invalid(name, 'must be text')
  return value
}

/** A credential of one application always means its own (http-api.md §1.2): asking for another must not act on it. */
function chosenApplication({ principal, context }: Exchange, asked: string | null): string | null {
  if (asked !== null && principal.kind === 'service' && principal.applicationId !== asked) {
    throw new ApiError('application_not_found')
  }
  return asked ?? context.request.appId
}

/** What the status says where the protocol's own words would hide it from clients and proxies. */
const inStatus: readonly string[] = ['insufficient_scope', 'rate_limit_exceeded', 'unauthorized']

/**
 * Runs a tool through its operation's procedure: gates, limits, idempotency, transaction and audit are those of REST.
 * @param sent `arguments` of the call
 * @throws RpcError −32602 naming a member that the tool does not take; −32603 with nothing but the request id for a fault
 */
export async function callTool(exchange: Exchange, tool: Tool, sent: Record<string, unknown>): Promise<ToolResult> {
  const { operation, members } = tool
  const { application_id, idempotency_key, ...input } = sent
  let isUnknown = false
  const { context } = exchange
  const { deps, request } = context
  try {
    context.request = {
      ...request,
      appId: chosenApplication(exchange, text('application_id', application_id)),
      idempotencyKey: text('idempotency_key', idempotency_key),
    }
    exchange.isCounted = true
    // Read by the procedure only once its gates have passed: a missing scope is told before a wrong member.
    const data = await operation.call(context, () => {
      const unknown = Object.keys(sent).find((member) => !members.has(member))
      isUnknown = unknown !== undefined
      if (unknown !== undefined) throw invalid(printable(unknown), 'is not a known field')
      return input
    })
    countAnswer(context, operation.status)
    return resultOf((data ?? {}) as Record<string, unknown>)
  } catch (thrown) {
    const error = reportError(deps, request.id, operation.name, thrown)
    countAnswer(context, error.status)
    if (inStatus.includes(error.errorCode)) exchange.refusal = error
    if (error.errorCode === 'internal_error') throw fault(request.id)
    if (isUnknown) throw new RpcError(rpcCodes.invalidParams, error.message, { request_id: request.id })
    return errorOf(error, request.id)
  }
}
