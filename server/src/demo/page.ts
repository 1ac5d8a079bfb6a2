import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { Demo } from './provision.ts'

/** From this file as source, or from a bundle in `server/dist`. */
function folder(path: string): string {
  const found = ['../../../', '../../']
    .map((up) => fileURLToPath(new URL(up + path, import.meta.url)))
    .find((place) => existsSync(place))
  if (!found) throw new Error(`${path} is missing; run \`pnpm run build\``)
  return found
}

const headers = {
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
}

/**
 * Serves the example page at `/example/`, on this server's own origin, with the demo's publishable key.
 * @param base path of `PUBLIC_URL`
 */
export function registerExample(
  http: FastifyInstance,
  base: string,
  demo: () => Pick<Demo, 'publishable_key' | 'url'>,
): void {
  const hidden = new Set(['/package.json', '/serve.js'])
  http.get('/example', async (_request, reply) => reply.redirect(`${base}/example/`))
  http.get('/example/config.json', async (_request, reply) =>
    reply
      .headers({ ...headers, 'cache-control': 'no-store' })
      .send({ publishableKey: demo().publishable_key, apiBaseUrl: demo().url }),
  )
  http.register(fastifyStatic, {
    root: folder('examples/browser'),
    prefix: '/example/',
    allowedPath: (path) => !hidden.has(path) && !path.includes('node_modules'),
    setHeaders: (response) => void response.headers(headers),
  })
  http.register(fastifyStatic, {
    root: folder('sdk/dist'),
    prefix: '/example/sdk/',
    decorateReply: false,
    setHeaders: (response) => void response.headers(headers),
  })
}
