import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  server.call('GET', path, { headers, ip: freshAddress() })

describe('GET /docs, GET /', () => {
  it('security 227: the page runs no inline code and cannot be framed', async () => {
    const { status, headers, text } = await get('/docs')
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    const policy = headers['content-security-policy'] as string
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("connect-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
    })
    expect(text).not.toMatch(/<script>|<script[^>]*>[^<]|\son\w+=|https?:/)
  })

  it('its scripts come from here, the large one compressed and for ever', async () => {
    const { text } = await get('/docs')
    const [bundle, settings] = [...text.matchAll(/<script src="([^"]+)"/g)].map((match) => match[1] as string)
    const packageFile = fileURLToPath(
      new URL('../../node_modules/@scalar/fastify-api-reference/package.json', import.meta.url),
    )
    const { version } = JSON.parse(readFileSync(packageFile, 'utf8'))
    expect(bundle).toBe(`/docs/scalar-${version}.js`)
    const script = await get(bundle as string, { 'accept-encoding': 'gzip' })
    expect(script.headers).toMatchObject({
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
    })
    expect((await get(settings as string)).text).toContain('"url":"/openapi.json"')
  })

  it('the bare address leads people to the page and programs to the documents', async () => {
    const page = await get('/', { accept: 'text/html,application/xhtml+xml' })
    expect([page.status, page.headers.location]).toEqual([302, '/docs'])
    const { body } = await get('/', { accept: '*/*' })
    for (const path of Object.values(body) as string[]) expect([path, (await get(path)).status]).toEqual([path, 200])
  })
})
