import type { FastifyInstance } from 'fastify'
import { type AddressResolver, addressKey } from '../platform/address.ts'
import type { Deps, RequestContext } from '../platform/context.ts'
import { factsOf } from './facts.ts'
import { type RouteFacts, refuseOthers } from './rest.ts'

type Query = Record<string, string | string[]>

/** What stands behind the address: a redirect, the consent page, or a sentence for the person. */
export type AuthorizePage = {
  headers: Readonly<Record<string, string>>
  begin(request: RequestContext, query: Query): Promise<{ redirect: string } | { refusal: string } | { consent: true }>
  consent: string
  refusal(sentence: string): string
}

const path = '/oauth/authorize'
const facts: RouteFacts = { dialect: 'oauth', crossOrigin: false }
const limit = ['authorize_ip'] as const

/** `GET /oauth/authorize`: for browsers, so it answers with pages and redirects and never with JSON, but for faults. */
export function registerAuthorize(
  http: FastifyInstance,
  deps: Deps,
  addresses: AddressResolver,
  page: AuthorizePage,
): void {
  // HEAD would count as a visit; it is not part of the protocol.
  http.get(path, { config: { facts }, exposeHeadRoute: false }, async (request, reply) => {
    const known = factsOf(request, addresses, deps)
    const verdicts = await deps.limits.consume(limit, () => addressKey(known.ip), { write: false })
    reply.headers({ ...deps.limits.headers(verdicts), ...page.headers, pragma: 'no-cache' })
    const beginning = await page.begin({ deps, request: known, response: { headers: {} } }, request.query as Query)
    if ('redirect' in beginning) return reply.code(302).header('location', beginning.redirect).send()
    reply.type('text/html; charset=utf-8')
    if ('refusal' in beginning) return reply.code(400).send(page.refusal(beginning.refusal))
    return reply.send(page.consent)
  })
  refuseOthers(http, path, new Set(['GET']), facts)
}
