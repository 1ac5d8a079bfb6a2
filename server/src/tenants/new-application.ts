import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { mint } from '../platform/ids.ts'
import { mintSecret, preview } from '../platform/secrets.ts'

export type ApplicationFacts = { tenantId: string; name: string; allowedOrigins: readonly string[]; settings?: object }

/** Stores the keyed hash of a new client secret; the secret is in the answer and nowhere else. */
export async function addClientSecret(ctx: Ctx, tenantId: string, applicationId: string): Promise<string> {
  const secret = mintSecret('sec')
  const hash = new Uint8Array(ctx.deps.secrets.hash(secret))
  await ctx.db.clientSecret.create({
    data: { tenantId, applicationId, hash, preview: preview(secret), createdAt: ctx.now() },
  })
  return secret
}

/** The one way to make an application, in the caller's transaction: its row, client secret and places in the directory. */
export async function makeApplication(ctx: Ctx, { tenantId, name, allowedOrigins, settings = {} }: ApplicationFacts) {
  const now = ctx.now()
  const [id, clientId] = [mint('app'), mint('cli')]
  const row = await ctx.db.application.create({
    data: {
      tenantId,
      id,
      clientId,
      name,
      settings,
      createdAt: now,
      updatedAt: now,
      allowedOrigins: [...allowedOrigins],
    },
  })
  const clientSecret = await addClientSecret(ctx, tenantId, id)
  await ctx.db.directory.createMany({
    data: [
      { kind: 'client', key: clientId, tenantId, id },
      { kind: 'application', key: id, tenantId, id },
    ],
  })
  record(ctx, 'application.created', { tenantId, applicationId: id, metadata: { name } })
  return { row, clientSecret }
}
