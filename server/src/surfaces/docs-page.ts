import { gzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type RouteFacts, refuseOthers } from './rest.ts'

const facts: RouteFacts = { dialect: 'document', crossOrigin: false }

/** Version of the bundle: part of its address, so that it can be kept for ever. */
const bundleVersion = '1.72.1'
const bundlePath = `/docs/scalar-${bundleVersion}.js`
const settingsPath = '/docs/settings.js'

/** Nothing of it leaves this server: no fonts, no proxy, no assistant, no hosted client, no telemetry. */
const settings = (base: string) => ({
  url: `${base}/openapi.json`,
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: '',
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  documentDownloadType: 'direct',
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  metaData: { title: 'TryMellon API' },
})

const scriptOf = (base: string) => `Scalar.createApiReference('#reference', ${JSON.stringify(settings(base))})\n`

const pageOf = (base: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>TryMellon API</title>
</head>
<body>
<div id="reference"></div>
<noscript>This page needs JavaScript; <a href="${base}/openapi.json">openapi.json</a> does not.</noscript>
<script src="${base}${bundlePath}"></script>
<script src="${base}${settingsPath}"></script>
</body>
</html>
`

const pageHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    // Scalar writes style attributes; no code can come in by them.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
}

/** Where to go from the bare address. */
const linksOf = (base: string) => ({
  docs: `${base}/docs`,
  openapi: `${base}/openapi.json`,
  health: `${base}/health`,
  metadata: `/.well-known/oauth-authorization-server${base}`,
})

const wantsPage = (request: FastifyRequest): boolean => /\btext\/html\b/.test(request.headers.accept ?? '')

/** Scalar's browser bundle; its Fastify plugin has it inside and hands it out over HTTP only, so a server of its own is asked. */
async function readBundle(): Promise<string> {
  const [{ default: Fastify }, { default: scalar }] = await Promise.all([
    import('fastify'),
    import('@scalar/fastify-api-reference'),
  ])
  const inner = Fastify()
  await inner.register(scalar, { routePrefix: '/docs', configuration: { url: '/openapi.json' } })
  const { statusCode, body } = await inner.inject('/docs/js/scalar.js')
  await inner.close()
  if (statusCode !== 200) throw new Error(`the bundle of the reference page could not be read: ${statusCode}`)
  return body
}

type Bundle = { plain: Buffer; gzip: Buffer }

function sendBundle(request: FastifyRequest, reply: FastifyReply, { plain, gzip }: Bundle): FastifyReply {
  const isCompressed = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  reply
    .headers({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'Accept-Encoding' })
    .type('text/javascript; charset=utf-8')
  return isCompressed ? reply.header('content-encoding', 'gzip').send(gzip) : reply.send(plain)
}

/**
 * The API reference at `/docs`, which needs nothing but this server, and `/` which leads there. The bundle is read when
 * somebody first opens the page.
 * @param base path of `PUBLIC_URL`
 */
export function registerDocsPage(http: FastifyInstance, base: string): void {
  const [page, script, links] = [pageOf(base), scriptOf(base), JSON.stringify(linksOf(base))]
  let bundle: Promise<Bundle> | undefined
  const load = () => {
    bundle ??= readBundle().then((text) => ({ plain: Buffer.from(text), gzip: gzipSync(text) }))
    bundle.catch(() => {
      bundle = undefined
    })
    return bundle
  }
  const get = (path: string, handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) => {
    http.get(path, { config: { facts } }, handler)
    refuseOthers(http, path, new Set(['GET', 'HEAD']), facts)
  }
  get('/', async (request, reply) => {
    reply.headers({ vary: 'Accept', 'cache-control': 'no-cache' })
    return wantsPage(request) ? reply.redirect(`${base}/docs`) : reply.type('application/json').send(links)
  })
  get('/docs', async (_request, reply) => reply.headers(pageHeaders).type('text/html; charset=utf-8').send(page))
  get(settingsPath, async (_request, reply) =>
    reply.header('cache-control', 'no-cache').type('text/javascript; charset=utf-8').send(script),
  )
  get(bundlePath, async (request, reply) => sendBundle(request, reply, await load()))
}
