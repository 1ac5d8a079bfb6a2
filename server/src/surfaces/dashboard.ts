import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type AddressResolver, addressKey } from '../platform/address.ts'
import type { Deps } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { factsOf } from './facts.ts'
import { type RouteFacts, refuseOthers } from './rest.ts'

/** Where the build puts the pages, from this file as source or from a bundle in `server/dist`; whether they are there or not. */
function builtPages(): string {
  const [bundle = '', source = ''] = ['../../', '../../../'].map((up) =>
    fileURLToPath(new URL(`${up}dashboard/`, import.meta.url)),
  )
  return join(existsSync(bundle) ? bundle : source, 'dist')
}

/** Headers of everything below `/dashboard`: scripts, styles, images and calls of this origin alone, nothing inline. */
export const dashboardHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** Rows of the limits table, counted by address, as for the other pages. */
const limit = ['page'] as const
const facts: RouteFacts = { dialect: 'document', crossOrigin: false }

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** A file's name has an extension; the paths of screens have none. */
const isFile = (path: string): boolean => /\.[^/]*$/.test(path)

/** The page as it was built names its assets beside itself; it is served at the path of every screen. */
const withAssets = (page: string, base: string): string => page.replaceAll('"./assets/', `"${base}/dashboard/assets/`)

async function sendPage(reply: FastifyReply, file: string, base: string): Promise<FastifyReply> {
  reply.headers({ ...dashboardHeaders, 'cache-control': 'no-store' })
  try {
    return reply.type('text/html; charset=utf-8').send(withAssets(await readFile(file, 'utf8'), base))
  } catch (error) {
    if (!isMissing(error)) throw error
    const text = 'The dashboard has not been built. Run `pnpm run build`, and load this page again.\n'
    return reply.code(503).header('retry-after', '60').type('text/plain; charset=utf-8').send(text)
  }
}

/**
 * The dashboard at `/dashboard`: one page for every screen, which its script tells apart by their path, and assets whose
 * names change with their content. 503 in plain words where it was not built.
 * @param pages folder with `index.html` and `assets`
 */
export function registerDashboard(
  http: FastifyInstance,
  deps: Deps,
  addresses: AddressResolver,
  pages = builtPages(),
): void {
  http.register(async (scope) => {
    scope.addHook('onRequest', async (request, reply) => {
      const key = addressKey(factsOf(request, addresses, deps).ip)
      const verdicts = await deps.limits.consume(limit, () => key, { write: false })
      reply.headers(deps.limits.headers(verdicts))
    })
    for (const path of ['/dashboard', '/dashboard/*']) {
      scope.get(path, { config: { facts } }, async (request, reply) => {
        if (isFile(request.url.split('?', 1)[0] ?? '')) throw new ApiError('not_found')
        return sendPage(reply, join(pages, 'index.html'), deps.config.BASE_PATH)
      })
      refuseOthers(scope, path, new Set(['GET', 'HEAD']), facts)
    }
    await scope.register(fastifyStatic, {
      root: join(pages, 'assets'),
      prefix: '/dashboard/assets/',
      decorateReply: false,
      suppressWarning: true,
      dotfiles: 'ignore',
      index: false,
      immutable: true,
      preCompressed: true,
      maxAge: '1y',
      setHeaders: (response) => void response.headers(dashboardHeaders),
    })
  })
}
