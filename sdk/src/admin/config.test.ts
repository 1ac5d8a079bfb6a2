import { afterEach, describe, expect, it, vi } from 'vitest'
import { serve } from '../../test/serve.ts'
import { createAdmin, provisionAgent } from './client.ts'

afterEach(() => vi.unstubAllGlobals())

const good = { baseUrl: 'https://api.test', secretKey: 'tm_key_a' }

describe('createAdmin', () => {
  it.each([
    ['no baseUrl', { ...good, baseUrl: undefined }, 'baseUrl'],
    ['a baseUrl without a scheme', { ...good, baseUrl: 'api.test' }, 'baseUrl'],
    ['no credential', { baseUrl: good.baseUrl }, 'exactly one'],
    ['half a credential', { baseUrl: good.baseUrl, clientId: 'cli_a' }, 'exactly one'],
    ['two credentials', { ...good, accessToken: 'a' }, 'exactly one'],
    ['a negative time', { ...good, timeoutMs: -1 }, 'timeoutMs'],
    ['no number', { ...good, maxRetries: Number.NaN }, 'maxRetries'],
  ])('refuses %s', (_, config, named) => {
    const create = (): unknown => createAdmin(config as never)
    expect(create).toThrow(expect.objectContaining({ name: 'ValidationError', code: 'INVALID_ARGUMENT' }))
    expect(create).toThrow(named)
  })

  it('has the methods of the API, under its names', () => {
    const admin = createAdmin(good)
    expect(admin.users.sessions.revokeAll).toBeTypeOf('function')
    expect(admin.auditLogs.list).toBeTypeOf('function')
    expect(admin.onboarding.provisionAgent).toBeTypeOf('function')
  })

  it.each([
    ['page', { document: {} }],
    ['worker', { navigator: { userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' } }],
  ])('refuses to run in a browser’s %s', async (_, globals) => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
    expect(() => createAdmin(good)).toThrow(expect.objectContaining({ code: 'NOT_SUPPORTED' }))
    await expect(provisionAgent({ ...good, name: 'a' })).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
  })
})

describe('provisionAgent', () => {
  it('needs no credential and sends none, alone and on a client', async () => {
    const api = await serve(() => ({ status: 200, body: { tenantId: 'org_1' } }))
    expect(await provisionAgent({ baseUrl: api.url, name: 'Agent' })).toEqual({ tenantId: 'org_1' })
    await provisionAgent({ baseUrl: api.url, name: 'Agent' }, { idempotencyKey: 'sixteen-or-more-characters' })
    await createAdmin({ ...good, baseUrl: api.url }).onboarding.provisionAgent({ name: 'Agent' })
    for (const { method, path, headers, body } of api.seen) {
      expect({ method, path, body }).toEqual({ method: 'POST', path: '/v1/onboarding/ai', body: { name: 'Agent' } })
      expect(headers.authorization).toBeUndefined()
      expect(String(headers['idempotency-key']).length).toBeGreaterThanOrEqual(16)
    }
    expect(api.seen[1]?.headers['idempotency-key']).toBe('sixteen-or-more-characters')
    await api.close()
  })
})

describe('oauth', () => {
  it('authenticates with the configured client, unless the call names one', async () => {
    const api = await serve(() => ({ status: 200, body: {} }))
    const admin = createAdmin({ baseUrl: api.url, clientId: 'cli_a', clientSecret: 'sec_a' })
    await admin.oauth.token({ grant_type: 'client_credentials' })
    await admin.oauth.token({ grant_type: 'client_credentials', client_id: 'cli_b', client_secret: 'sec_b' })
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual([`Basic ${btoa('cli_a:sec_a')}`, undefined])
    await api.close()
  })
})
