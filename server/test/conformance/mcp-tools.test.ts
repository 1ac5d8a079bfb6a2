import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agentScopeNames } from '../../src/scopes.ts'
import { type ListedTool, toolsOf } from '../../src/surfaces/mcp-tools.ts'
import { pay } from '../account.ts'
import { type Tenant, type TestApp, testApp } from '../harness.ts'
import { type Credential, keyOf, olderRequest, post } from '../mcp-requests.ts'
import { tokenOf } from '../oauth-requests.ts'
import { operations } from '../operation-calls.ts'

let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await pay(server, await server.tenant())
})
afterAll(() => server.close())

const list = async (credential: Credential, app = server): Promise<ListedTool[]> =>
  (await post(app, olderRequest('tools/list'), credential)).body.result.tools
const namesOf = (tools: readonly ListedTool[]) => tools.map(({ name }) => name)
const listedAs = (name: string): ListedTool => {
  const tool = toolsOf(operations).get(name)
  if (!tool) throw new Error(`there is no tool ${name}`)
  return tool.listed
}

const flagged = operations.filter(({ endpoint }) => endpoint.mcp)

describe('agents 174: the list', () => {
  it('is the operations with the flag, by name', async () => {
    const everything = await list(await keyOf(server, tenant))
    const expected = flagged.map(({ name }) => name.replaceAll('.', '_')).sort()
    expect(namesOf(everything)).toEqual(expected)
    // agents.md §11.3, written out by hand.
    expect(namesOf(everything)).toEqual(
      expect.arrayContaining(
        `connection_status users_list users_get users_create users_delete users_credentials_list users_credentials_revoke
        audit_logs_list usage_get privacy_report applications_list applications_get applications_update
        applications_rotate_secret keys_list keys_revoke`.split(/\s+/),
      ),
    )
    expect(
      namesOf(everything).filter((name) => /keys_(create|rotate)|onboarding|oauth|device|passkeys|billing/.test(name)),
    ).toEqual([])
  })

  it('shows a credential what its scopes suffice for', async () => {
    for (const scope of agentScopeNames.filter((name) => name !== 'full_access')) {
      const shown = namesOf(await list(await keyOf(server, tenant, [scope])))
      const expected = flagged
        .filter(({ endpoint }) => !endpoint.scope || endpoint.scope === scope)
        .map(({ name }) => name.replaceAll('.', '_'))
      expect([scope, shown]).toEqual([scope, expected.sort()])
    }
    const service = namesOf(await list({ token: await tokenOf(server, tenant, { scope: 'users:read' }) }))
    expect(service).toEqual(['connection_status', 'users_get', 'users_list'])
  })

  it('has one order, here and on another server', async () => {
    const other = await testApp()
    const key = await keyOf(server, tenant)
    const before = await list(key)
    expect(await list(key, other)).toEqual(before)
    await other.close()
    expect(JSON.stringify([...toolsOf([...operations].reverse()).values()].map(({ listed }) => listed))).toBe(
      JSON.stringify(before),
    )
  })

  it('has schemas of JSON Schema 2020-12, every annotation said, and words of ours', async () => {
    const ajv = new AjvJsonSchemaValidator()
    for (const { listed, operation } of toolsOf(operations).values()) {
      for (const schema of [listed.inputSchema, listed.outputSchema]) {
        expect([schema.$schema, schema.type]).toEqual(['https://json-schema.org/draft/2020-12/schema', 'object'])
        expect(() => ajv.getValidator(schema as never)).not.toThrow()
      }
      const { properties, additionalProperties } = listed.inputSchema
      expect(additionalProperties).toBe(false)
      expect(properties).toHaveProperty('application_id')
      expect('idempotency_key' in (properties ?? {})).toBe(operation.type === 'mutation')
      expect(listed.description).toBe(operation.endpoint.summary)
      expect(listed.annotations).toEqual({
        title: expect.stringMatching(/^[A-Z]/),
        readOnlyHint: expect.any(Boolean),
        destructiveHint: expect.any(Boolean),
        idempotentHint: expect.any(Boolean),
        openWorldHint: false,
      })
    }
  })

  it.each([
    ['connection_status', 'read'],
    ['users_get', 'read'],
    ['users_create', 'idempotent'],
    ['users_delete', 'destructive idempotent'],
    ['users_credentials_revoke', 'destructive idempotent'],
    ['applications_update', 'idempotent'],
    ['applications_rotate_secret', 'destructive'],
    ['keys_list', 'read'],
    ['keys_revoke', 'destructive idempotent'],
  ])('%s is %s', (name, hints) => {
    const { annotations } = listedAs(name)
    expect(annotations).toMatchObject({
      readOnlyHint: hints === 'read',
      destructiveHint: hints.includes('destructive'),
      idempotentHint: hints === 'read' || hints.includes('idempotent'),
    })
  })

  it('goes on after a cursor, and refuses one that it never gave', async () => {
    const key = await keyOf(server, tenant)
    const names = namesOf(await list(key))
    const after = await post(server, olderRequest('tools/list', { cursor: names[4] }), key)
    expect(namesOf(after.body.result.tools)).toEqual(names.slice(5))
    expect((await post(server, olderRequest('tools/list', { cursor: 'x' }), key)).body.error.code).toBe(-32602)
  })
})
