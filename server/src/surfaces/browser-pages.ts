import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AddressResolver } from '../platform/address.ts'
import type { BrowserPage, Outcome } from '../platform/browser-page.ts'
import type { Deps, RequestContext } from '../platform/context.ts'
import { mediaType, parseFormBody } from './body.ts'
import { asksForPage, isFromPage } from './browser.ts'
import { encodeError } from './dialects.ts'
import { factsOf } from './facts.ts'
import type { Operation } from './operations.ts'
import { checkForm, openForm } from './page-forms.ts'
import { reportError } from './report-error.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

export const formType = 'application/x-www-form-urlencoded'

const isForm = (request: FastifyRequest): boolean => mediaType(request.headers['content-type']).type === formType

/** The query without what came twice. */
const once = (query: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query as Record<string, unknown>).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  )

const send = (reply: FastifyReply, { headers }: BrowserPage, document: string): FastifyReply =>
  reply.headers(headers).type('text/html; charset=utf-8').send(document)

/** The fields of a form of our own, without the one that proves it. */
function readForm(deps: Deps, request: FastifyRequest): Record<string, string> {
  const bytes = request.body
  const { csrf, ...sent } = Buffer.isBuffer(bytes) ? parseFormBody(bytes) : {}
  checkForm(deps, request, csrf)
  return sent
}

async function answerForm(
  deps: Deps,
  addresses: AddressResolver,
  { name, status, call }: Operation,
  page: BrowserPage,
  [request, reply]: [FastifyRequest, FastifyReply],
): Promise<FastifyReply> {
  const context: RequestContext = { deps, request: factsOf(request, addresses, deps), response: { headers: {} } }
  let outcome: Outcome
  try {
    outcome = { data: await call(context, () => readForm(deps, request)) }
    reply.code(status)
  } catch (thrown) {
    const error = reportError(deps, request.id, name, thrown)
    const answer = encodeError('plain', error, deps.config.PUBLIC_URL)
    outcome = { error }
    reply.code(answer.status).headers(answer.headers)
  }
  reply.headers(context.response.headers)
  return send(reply, page, page.done(deps, outcome))
}

/**
 * Puts an operation's page before its JSON (agents.md §5.3): a browser that asks gets the form, and the form's answer is a
 * page. HEAD does nothing for anybody. An operation without a page is answered as it is.
 */
export function withPage(deps: Deps, addresses: AddressResolver, operation: Operation, json: Handler): Handler {
  const { page } = operation.endpoint
  if (!page) return json
  if (operation.method !== 'GET') {
    return (request, reply) =>
      isForm(request) && isFromPage(request)
        ? answerForm(deps, addresses, operation, page, [request, reply])
        : json(request, reply)
  }
  return async (request, reply) => {
    if (asksForPage(request)) {
      return send(reply, page, page.form(deps, once(request.query), openForm(deps, request, reply)))
    }
    if (request.method !== 'HEAD') return json(request, reply)
    return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).type('application/json').send()
  }
}
