import { afterEach, describe, expect, it } from 'vitest'
import { type AdminApi, client, serveAdminApi } from '../../test/admin-api.ts'
import { testPace, timeoutMs } from '../../test/pace.ts'
import { no, ok } from '../../test/serve.ts'
import { type Admin, adminAtPace } from './client.ts'

const ids = ['a', 'b', 'c', 'd', 'e']
let api: AdminApi

/** Five users or credentials, in the two shapes of pages. */
async function start(): Promise<Admin> {
  api = await serveAdminApi(({ path }) => {
    const url = new URL(path, 'http://api')
    const limit = Number(url.searchParams.get('limit') ?? 2)
    if (url.searchParams.get('event') === 'broken' && url.searchParams.has('starting_after'))
      return no(400, 'validation_error')
    if (url.pathname.endsWith('/credentials')) {
      const page = Number(url.searchParams.get('page') ?? 1)
      const credentials = ids.slice((page - 1) * limit, page * limit).map((credential_id) => ({ credential_id }))
      return ok({ credentials, pagination: { page, limit, total: ids.length } })
    }
    const from = ids.indexOf(url.searchParams.get('starting_after') ?? '') + 1
    const data = ids.slice(from, from + limit).map((id) => ({ id }))
    const has_more = from + limit < ids.length
    return ok({ data, has_more, next_cursor: has_more ? data.at(-1)?.id : null })
  })
  return adminAtPace({ baseUrl: api.url, ...client, timeoutMs }, testPace())
}
afterEach(() => api.close())

const paths = () => api.calls().map(({ path }) => path)

describe('a list', () => {
  it('iterates over all pages of the cursor shape, with the same query', async () => {
    const admin = await start()
    const found: string[] = []
    for await (const user of admin.users.list({ limit: 2 })) found.push(user.id)
    expect(found).toEqual(ids)
    expect(paths()).toEqual([
      '/v1/users?limit=2',
      '/v1/users?limit=2&starting_after=b',
      '/v1/users?limit=2&starting_after=d',
    ])
  })

  it('iterates over all pages of the page shape', async () => {
    const admin = await start()
    const found: string[] = []
    for await (const { credential_id } of admin.users.credentials.list('u')) found.push(credential_id)
    expect(found).toEqual(ids)
    expect(paths().at(-1)).toBe('/v1/users/u/credentials?page=3')
  })

  it('begins where the query says', async () => {
    const admin = await start()
    const found: string[] = []
    for await (const user of admin.users.list({ limit: 3, starting_after: 'c' })) found.push(user.id)
    for await (const passkey of admin.users.credentials.list('u', { page: 3 })) found.push(passkey.credential_id)
    expect(found).toEqual(['d', 'e', 'e'])
  })

  it('fetches no page that nobody reads', async () => {
    const admin = await start()
    admin.users.list()
    for await (const user of admin.users.list()) if (user.id === 'b') break
    expect(paths()).toEqual(['/v1/users'])
  })

  it('is a promise of one page, and .page() the same', async () => {
    const admin = await start()
    const list = admin.users.list({ limit: 4 })
    const page = { data: ids.slice(0, 4).map((id) => ({ id })), has_more: true, next_cursor: 'd' }
    expect(await list).toEqual(page)
    expect(await list.page()).toEqual(page)
    expect(await list.finally(() => {})).toEqual(page)
    expect(paths()).toHaveLength(1)
  })

  it('sends a boolean false, and leaves out what is undefined', async () => {
    const admin = await start()
    await admin.auditLogs.list({ success: false, from: undefined })
    expect(paths()).toEqual(['/v1/audit-logs?success=false'])
  })

  it('throws where it stands, on the first page and on a later one', async () => {
    const admin = await start()
    await expect(admin.applications.get('..')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const found: string[] = []
    const walk = async (): Promise<void> => {
      for await (const row of admin.auditLogs.list({ event: 'broken' as never })) found.push(row.id)
    }
    await expect(walk()).rejects.toMatchObject({ code: 'validation_error', status: 400 })
    expect(found).toEqual(['a', 'b'])
    await expect(admin.users.credentials.list('').catch((error: Error) => Promise.reject(error))).rejects.toThrow(
      'external_user_id',
    )
  })
})
