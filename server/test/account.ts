import type { Tenant, TestApp } from './harness.ts'

/** Puts a tenant's account on a plan: the vending machine's has one application. A token is asked for anew. */
export async function pay(server: TestApp, tenant: Tenant, plan = 'starter'): Promise<Tenant> {
  await server.database.sql.query(
    'update accounts set plan = $2 where id = (select account_id from tenants where id = $1)',
    [tenant.tenantId, plan],
  )
  server.app.deps.caches.clear()
  const { token } = await signIn(server, tenant)
  return { ...tenant, token }
}

/** Another tenant of the same account, put there as a member's choice would. */
export async function join(server: TestApp, tenant: Tenant, of: Tenant): Promise<void> {
  await server.database.sql.query(
    'update tenants set account_id = (select account_id from tenants where id = $2) where id = $1',
    [tenant.tenantId, of.tenantId],
  )
  server.app.deps.caches.clear()
}

export type Client = Pick<Tenant, 'clientId' | 'clientSecret'>

/** Asks for an access token from an address of its own. */
export async function signIn(
  server: TestApp,
  client: Client,
  ip = '198.51.100.1',
): Promise<{ status: number; token: string; error: string | undefined }> {
  const body = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.clientSecret }
  const answer = await server.call('POST', '/oauth/token', { body, ip })
  return { status: answer.status, token: answer.body.access_token, error: answer.body.error }
}

/** A further application of the tenant, which must be on a plan that has room, with a token of its own. */
export async function anotherApplication(
  server: TestApp,
  tenant: Tenant,
  settings: Record<string, unknown> = {},
): Promise<Tenant> {
  const body = { name: 'Another', allowed_origins: ['https://app.example.com'], ...settings }
  const made = await server.call('POST', '/v1/applications', { token: tenant.token, body })
  if (made.status !== 201) throw new Error(`creation answered ${made.status}: ${made.text}`)
  const { id, tenant_id, client_id, client_secret } = made.body.data
  const client = { clientId: client_id, clientSecret: client_secret }
  const { token } = await signIn(server, client)
  return { tenantId: tenant_id, applicationId: id, ...client, token }
}
