import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { mint } from '../platform/ids.ts'
import { mintSecret, preview } from '../platform/secrets.ts'
import type { Plan } from './plans.ts'

export type NewTenant = { name: string; plan: Plan; allowedOrigins: string[] }

/**
 * Makes an account with one tenant, its first application and a client secret, in the caller's transaction. The secret is
 * in the answer and nowhere else: only its keyed hash is stored.
 */
export async function provisionTenant(ctx: Ctx, { name, plan, allowedOrigins }: NewTenant) {
  const now = ctx.now()
  const [accountId, tenantId, applicationId, clientId] = [mint('acc'), mint('org'), mint('app'), mint('cli')]
  const clientSecret = mintSecret('sec')
  await ctx.db.account.create({ data: { id: accountId, plan, createdAt: now } })
  await ctx.db.tenant.create({ data: { id: tenantId, accountId, name, createdAt: now, lastActiveAt: now } })
  await ctx.db.application.create({
    data: { tenantId, id: applicationId, clientId, name, createdAt: now, updatedAt: now, allowedOrigins },
  })
  const hash = new Uint8Array(ctx.deps.secrets.hash(clientSecret))
  await ctx.db.clientSecret.create({
    data: { tenantId, applicationId, hash, preview: preview(clientSecret), createdAt: now },
  })
  await ctx.db.directory.createMany({
    data: [
      { kind: 'client', key: clientId, tenantId, id: applicationId },
      { kind: 'application', key: applicationId, tenantId, id: applicationId },
    ],
  })
  record(ctx, 'tenant.provisioned', { tenantId, applicationId: null, metadata: { plan, name } })
  record(ctx, 'application.created', { tenantId, applicationId, metadata: { name } })
  return { tenantId, applicationId, clientId, clientSecret }
}
