import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AddressResolver, addressKey } from '../platform/address.ts'
import type { Deps } from '../platform/context.ts'
import { factsOf } from './facts.ts'
import { openForm } from './page-forms.ts'
import { type RouteFacts, refuseOthers } from './rest.ts'

/** A page: the same markup for everybody who opens it; what is of a person its script asks for, with their session. */
export type PageRow = {
  path: `/${string}`
  /** @param csrf value of the field `csrf`; empty unless `hasForm` */
  render: (csrf: string) => string
  /** It has a form that works without a script (`page-forms.ts`). */
  hasForm?: boolean
}

/** What pages load; from the own origin, never inline. */
export type PageAsset = { path: `/${string}`; type: string; read: () => Promise<Buffer> }

export type Pages = {
  headers: Readonly<Record<string, string>>
  pages: readonly PageRow[]
  assets: readonly PageAsset[]
}

/** Rows of the limits table, counted by address. */
const limit = ['page'] as const

/** Registers pages and their assets: GET and HEAD, which change nothing, and 405 with `Allow` for the rest. */
export function registerPages(http: FastifyInstance, deps: Deps, addresses: AddressResolver, site: Pages): void {
  const facts: RouteFacts = { dialect: 'document', crossOrigin: false }
  const get = (path: string, answer: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) => {
    http.get(path, { config: { facts } }, async (request, reply) => {
      const key = addressKey(factsOf(request, addresses, deps).ip)
      const verdicts = await deps.limits.consume(limit, () => key, { write: false })
      reply.headers(deps.limits.headers(verdicts))
      return answer(request, reply)
    })
    refuseOthers(http, path, new Set(['GET', 'HEAD']), facts)
  }
  for (const { path, render, hasForm } of site.pages) {
    get(path, async (request, reply) => {
      const csrf = hasForm ? openForm(deps, request, reply) : ''
      return reply.headers(site.headers).type('text/html; charset=utf-8').send(render(csrf))
    })
  }
  for (const { path, type, read } of site.assets) {
    get(path, async (request, reply) => {
      const bytes = await read()
      const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
      // Asked for anew each time, so that a page never runs with the script of another version.
      reply.headers({ ...site.headers, 'cache-control': 'no-cache', etag })
      return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(bytes)
    })
  }
}
