import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import { createAddressResolver } from '../platform/address.ts'
import { dashboardHeaders, registerDashboard } from './dashboard.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const get = (path: string) => server.call('GET', path, { ip: freshAddress() })
const policy = dashboardHeaders['content-security-policy'] ?? ''

describe('the dashboard', () => {
  it('every screen is the same page, which is never kept', async () => {
    const first = await get('/dashboard')
    for (const path of ['/dashboard', '/dashboard/', '/dashboard/users/0190-x', '/dashboard/sign-up/onb_x?code=1.2']) {
      const answer = await get(path)
      expect([path, answer.status, answer.text]).toEqual([path, 200, first.text])
      expect(answer.headers).toMatchObject({ ...dashboardHeaders, 'cache-control': 'no-store' })
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(answer.headers.ratelimit).toMatch(/^"page"/)
    }
  })

  it('security 227: the policy allows nothing inline and no other host, and the page has neither', async () => {
    const { text } = await get('/dashboard')
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|data:|\*/)
    expect(text).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc="\/dashboard\/assets\/)/)
    expect([...text.matchAll(/(?:src|href)="([^"]*)"/g)].every(([, to]) => to?.startsWith('/dashboard/assets/'))).toBe(
      true,
    )
  })

  it('what the page loads has a name for its content, and may be kept for good', async () => {
    const { text } = await get('/dashboard')
    const assets = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, to = '']) => to)
    expect(assets.length).toBeGreaterThan(1)
    for (const path of assets) {
      const answer = await get(path)
      expect([path, answer.status, answer.headers['cache-control']]).toEqual([
        path,
        200,
        'public, max-age=31536000, immutable',
      ])
      expect(answer.headers).toMatchObject(dashboardHeaders)
    }
  })

  it('the script is sent compressed to whoever takes that, and holds no source of the server', async () => {
    const [, path = ''] = (await get('/dashboard')).text.match(/src="([^"]*)"/) ?? []
    const plain = await get(path)
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(['prisma', 'pglite', 'fastify', 'zod', '`node:'].filter((word) => plain.text.includes(word))).toEqual([])
    const headers = { 'accept-encoding': 'gzip, br' }
    const small = await server.call('GET', path, { headers, ip: freshAddress() })
    expect(small.headers).toMatchObject({ 'content-encoding': 'br', vary: expect.stringMatching(/accept-encoding/i) })
    expect(Number(small.headers['content-length'])).toBeLessThan(100_000)
  })

  it('a file that is not there, and one that is none of the pages, is a 404', async () => {
    const paths = ['favicon.ico', 'assets/none.js', 'assets/..%2f..%2fpackage.json', 'assets/..%2findex.html', '.env']
    for (const path of paths) {
      const answer = await get(`/dashboard/${path}`)
      expect([path, answer.status]).toEqual([path, 404])
      expect(answer.text).not.toContain('trymellon/dashboard')
    }
  })

  it('HEAD is GET without a body; any other method is a 405 with Allow', async () => {
    for (const path of ['/dashboard', '/dashboard/users']) {
      const head = await server.call('HEAD', path, { ip: freshAddress() })
      expect([head.status, head.text]).toEqual([200, ''])
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await server.call(method, path, { body: {}, ip: freshAddress() })
        expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'GET, HEAD'])
      }
    }
  })

  it('where it was not built, it says so', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'trymellon-'))
    const http = Fastify()
    registerDashboard(http, server.app.deps, createAddressResolver(''), join(empty, 'dist'))
    const answer = await http.inject({ method: 'GET', url: '/dashboard/users' })
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([503, 'text/plain; charset=utf-8'])
    expect(answer.body).toContain('pnpm run build')
    expect(answer.headers).toMatchObject({ ...dashboardHeaders, 'retry-after': '60' })
    await http.close()
    await rm(empty, { recursive: true })
  })
})
