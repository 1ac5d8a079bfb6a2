// Serves this page on an origin of its own, as your application would, against a running server:
//
//   node serve.js                      uses the demo application that `pnpm start` made
//   PUBLISHABLE_KEY=cli_… TRYMELLON_URL=https://… PORT=8080 node serve.js
//
// The origin printed at the end must be in the application's allowed_origins; the demo allows http://localhost:8080.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const port = Number(process.env.PORT ?? 8080)
const here = new URL('./', import.meta.url)
const sdk = new URL('./', import.meta.resolve('@trymellon/sdk'))
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
}

async function settings() {
  if (process.env.PUBLISHABLE_KEY) {
    return {
      publishableKey: process.env.PUBLISHABLE_KEY,
      apiBaseUrl: process.env.TRYMELLON_URL ?? 'http://localhost:3000',
    }
  }
  const demo = JSON.parse(
    await readFile(process.env.TRYMELLON_DEMO_FILE ?? new URL('../../data/demo.json', here), 'utf8'),
  )
  return { publishableKey: demo.publishable_key, apiBaseUrl: demo.url }
}

const config = JSON.stringify(await settings())

/** The file behind a path: the page's own, or the SDK's; never outside of those two folders. */
function fileOf(path) {
  const [, inSdk] = /^\/sdk\/([\w.-]+)$/.exec(path) ?? []
  if (inSdk) return new URL(inSdk, sdk)
  const [, own] = /^\/([\w-]+\.(?:html|js|css|svg))$/.exec(path === '/' ? '/index.html' : path) ?? []
  return own && own !== 'serve.js' ? new URL(own, here) : null
}

createServer(async (request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname
  try {
    if (path === '/config.json') return response.setHeader('content-type', types['.json']).end(config)
    const file = fileOf(path)
    if (!file) return response.writeHead(404).end()
    const body = await readFile(file)
    response
      .writeHead(200, { 'content-type': types[extname(fileURLToPath(file))] ?? 'application/octet-stream' })
      .end(body)
  } catch (error) {
    if (error.code !== 'ENOENT') console.error(error)
    response.writeHead(404).end()
  }
}).listen(port, 'localhost', () => console.log(`The example is at http://localhost:${port}`))
