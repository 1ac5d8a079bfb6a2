import { describe, expect, it } from 'vitest'
import { contractText } from './contract.ts'
import type { OpenApi } from './operations.ts'

const envelope = (data: object) => ({
  content: {
    'application/json': {
      schema: { type: 'object', properties: { ok: { const: true }, data }, required: ['ok', 'data'] },
    },
  },
})
const text = { type: 'string' }
const id = { name: 'external_user_id', in: 'path', required: true, schema: text }
const line = { type: 'object', properties: { name: text }, required: ['name'] }
const page = {
  type: 'object',
  properties: { data: { type: 'array', items: { $ref: '#/components/schemas/user' } }, has_more: { type: 'boolean' } },
}

/** A few operations of each kind, in the form of `openapi.json`. */
const fixture: OpenApi = {
  paths: {
    '/v1/users': {
      post: {
        operationId: 'users.create',
        summary: 'Create a user.',
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: { external_user_id: text, note: text },
                required: ['external_user_id'],
              },
            },
          },
        },
        parameters: [{ $ref: '#/components/parameters/IdempotencyKey' } as never],
        responses: { 400: {}, 201: envelope({ $ref: '#/components/schemas/user' }) },
        'x-dialect': 'envelope',
        'x-idempotent': true,
        'x-auth': ['admin'],
      },
      get: {
        operationId: 'users.list',
        parameters: [
          { name: 'limit', in: 'query', schema: { type: 'integer', description: 'At most 100.' } },
          { name: 'state', in: 'query', schema: { enum: ['active', 'locked'] } },
          { name: 'format', in: 'query', schema: { enum: ['json', 'ndjson'] } },
        ],
        responses: { 200: { content: { ...envelope(page).content, 'application/x-ndjson': { schema: line } } } },
        'x-dialect': 'envelope',
        'x-list': 'cursor',
        'x-exports': ['ndjson', 'csv'],
        'x-auth': ['admin'],
      },
    },
    '/v1/users/{external_user_id}/sessions': {
      delete: {
        operationId: 'users.sessions.revoke_all',
        parameters: [id],
        responses: { 204: {} },
        'x-dialect': 'envelope',
        'x-idempotent': true,
        'x-auth': ['admin'],
      },
    },
    '/v1/import': {
      post: {
        operationId: 'users.import',
        requestBody: {
          content: {
            'application/json': {
              schema: { type: 'object', properties: { users: { type: 'array', items: line } }, required: ['users'] },
            },
            'application/x-ndjson': { schema: line },
          },
        },
        responses: {
          200: {
            content: {
              ...envelope({ type: 'object' }).content,
              'application/x-ndjson': { schema: { enum: ['made'] } },
            },
          },
        },
        'x-dialect': 'envelope',
        'x-idempotent': true,
        'x-batches': { field: 'users', results: 'results' },
        'x-auth': ['admin'],
      },
    },
    '/oauth/token': {
      post: {
        operationId: 'oauth.token',
        responses: {
          200: { content: { 'application/json': { schema: { type: 'object', properties: { access_token: text } } } } },
        },
        'x-dialect': 'oauth',
        'x-auth': ['none'],
      },
    },
    '/v1/sessions/{id}': {
      delete: {
        operationId: 'sessions.revoke',
        responses: { 204: {} },
        'x-dialect': 'envelope',
        'x-auth': ['admin', 'end_user'],
      },
    },
    '/health': {
      get: { operationId: 'health', responses: { 200: {} }, 'x-dialect': 'plain', 'x-auth': ['none'] },
    },
  },
  components: {
    schemas: {
      ErrorCode: { type: 'string', enum: ['not_found', 'user_exists'] },
      unused: { type: 'string' },
      user: {
        type: 'object',
        description: 'A user.',
        properties: {
          id: text,
          state: { $ref: '#/components/schemas/user_state' },
          email: { anyOf: [text, { type: 'null' }] },
        },
        required: ['id', 'state', 'email'],
      },
      user_state: { enum: ['active', 'locked'] },
    },
  },
}

describe('contractText', () => {
  const source = contractText(fixture)

  it('writes methods with path parameters first, then input, then options', () => {
    expect(source).toContain('/** Create a user. `POST /v1/users` */')
    expect(source).toContain(
      'create(input: { external_user_id: string; note?: string }, options?: CallOptions): Promise<User>',
    )
    expect(source).toContain('revokeAll(externalUserId: string, options?: CallOptions): Promise<void>')
    expect(source).toContain('token(options?: CallOptions): Promise<{ access_token?: string }>')
  })

  it('writes lists with the type of their items, and says what a parameter is', () => {
    expect(source).toContain('options?: CallOptions): List<User>')
    expect(source).toContain('/** At most 100. */\n      limit?: number')
  })

  it('writes a second method for a list that can be exported: its filters without pages, and the formats', () => {
    expect(source).toContain(
      "export(input?: { state?: 'active' | 'locked' }, options?: CallOptions): Export<{ name: string }, 'ndjson' | 'csv'>",
    )
    expect(source).toContain("export: { method: 'GET', path: '/v1/users', exports: true },")
    expect(source).not.toContain('format?')
  })

  it('writes a second signature for a command that takes items one by one', () => {
    expect(source).toContain(
      'import(input: { users: { name: string }[] }, options?: CallOptions): Promise<Record<string, unknown>>',
    )
    expect(source).toContain(
      "import(users: Iterable<{ name: string }> | AsyncIterable<{ name: string }>, options?: CallOptions): AsyncIterable<'made'>",
    )
    expect(source).toContain("idempotent: true, batches: ['users', 'results'] },")
  })

  it('writes one row for each operation, nested as the methods are', () => {
    expect(source).toContain("create: { method: 'POST', path: '/v1/users', idempotent: true },")
    expect(source).toContain("list: { method: 'GET', path: '/v1/users', list: 'cursor' },")
    expect(source).toContain(
      "token: { method: 'POST', path: '/oauth/token', dialect: 'oauth', open: true, bare: true },",
    )
    expect(source).toMatch(/sessions: \{\n {6}revokeAll: \{ method: 'DELETE', .*idempotent: true, bare: true \},/)
  })

  it('writes the components that are used, through others too', () => {
    expect(source).toContain(
      '/** A user. */\nexport type User = { id: string; state: UserState; email: string | null }',
    )
    expect(source).toContain("export type UserState = 'active' | 'locked'")
    expect(source).toContain("export type ErrorCode = 'not_found' | 'user_exists'")
    expect(source).not.toContain('Unused')
  })

  it('gives the browser its routes only, and the admin client none of these that need an end user alone', () => {
    const routes = source.slice(source.indexOf('export interface BrowserRoutes'))
    expect(routes).toContain("'DELETE /v1/sessions/{id}': { input: undefined; output: void }")
    expect(routes).not.toContain('/v1/users')
    expect(source).not.toContain('/health')
  })

  it('does not depend on the order of the document', () => {
    const paths = Object.fromEntries(Object.entries(fixture.paths ?? {}).reverse())
    expect(contractText({ ...fixture, paths })).toBe(source)
  })

  it.each([
    ['operationId', { operationId: undefined }],
    ['x-auth', { 'x-auth': undefined }],
    ['success status', { responses: { 400: {} } }],
    ['without data', { responses: { 200: { content: { 'application/json': { schema: { type: 'object' } } } } } }],
    ['without an array', { responses: { 200: envelope({ type: 'object' }) }, 'x-list': 'cursor' }],
    ['declared twice', { operationId: 'users.create' }],
    ['an operation and a group', { operationId: 'users.create.again' }],
  ])('refuses a document for its %s', (problem, change) => {
    const get = { ...fixture.paths?.['/v1/users']?.get, ...change }
    const paths = { ...fixture.paths, '/v1/users': { post: fixture.paths?.['/v1/users']?.post, get } }
    expect(() => contractText({ ...fixture, paths: paths as OpenApi['paths'] })).toThrow(problem)
  })
})
