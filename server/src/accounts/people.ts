import { type AuditFacts, record } from '../audit/record.ts'
import { CONSOLE_APPLICATION_ID, CONSOLE_TENANT_ID } from '../console/console.ts'
import type { Ctx } from '../platform/context.ts'
import { mint } from '../platform/ids.ts'
import type { Role } from '../platform/principal.ts'
import { randomText } from '../platform/secrets.ts'
import { insertUser } from '../users/insert.ts'

const atConsole = { tenantId: CONSOLE_TENANT_ID, applicationId: CONSOLE_APPLICATION_ID }

/** Addresses are compared in lower case; plus tags and dots are part of them (security 191). */
export const canonicalAddress = (address: string): string => address.trim().toLowerCase()

/**
 * Ties an address to a person who proved that it is theirs. Whoever proved it before keeps it.
 * @param trail whose trail tells of it: the console's unless said
 */
export async function proveAddress(
  ctx: Ctx,
  personId: string,
  address: string,
  trail: AuditFacts = { ...atConsole, userId: personId },
): Promise<void> {
  const id = mint('idf')
  const linked = await ctx.sql.query(
    `insert into identifiers (tenant_id, id, application_id, user_id, type, value, verified, linked_at)
     values ($1, $2, $3, $4::uuid, 'email', $5, true, $6)
     on conflict (tenant_id, application_id, type, value) do nothing returning 1`,
    [CONSOLE_TENANT_ID, id, CONSOLE_APPLICATION_ID, personId, canonicalAddress(address), ctx.now()],
  )
  if (linked.length === 0) return
  record(ctx, 'identifier.linked', {
    ...trail,
    metadata: { identifier_id: id, identifier_type: 'email' },
  })
}

/**
 * A new person, in the caller's transaction: a user of the console under a name that says nothing. An address that nobody
 * proved identifies nobody: it is kept for mails only, so that an account cannot be taken in advance (security 193).
 * @param id made beforehand where an authenticator has been told it as the user handle
 * @returns the person's id
 */
export async function makePerson(
  ctx: Ctx,
  { address, verified, id }: { address: string; verified: boolean; id?: string },
): Promise<string> {
  const made = await insertUser(ctx, {
    tenantId: CONSOLE_TENANT_ID,
    applicationId: CONSOLE_APPLICATION_ID,
    plan: 'enterprise',
    externalUserId: `person_${randomText(22)}`,
    metadata: { email: canonicalAddress(address) },
    ...(id === undefined ? {} : { id }),
  })
  if (!made) throw new Error('a random name was taken')
  record(ctx, 'user.created', { ...atConsole, userId: made.id, metadata: { source: 'console' } })
  if (verified) await proveAddress(ctx, made.id, address)
  return made.id
}

/** Another address to write to, of a person who has proved none. */
export async function correctAddress(ctx: Ctx, personId: string, address: string): Promise<void> {
  await ctx.sql.query(
    `update users set metadata = jsonb_set(metadata, '{email}', to_jsonb($3::text)) where tenant_id = $1 and id = $2::uuid`,
    [CONSOLE_TENANT_ID, personId, canonicalAddress(address)],
  )
}

/** Whose a proven address is, and the account that this person owns; null: nobody's. */
export async function personByAddress(
  ctx: Ctx,
  address: string,
): Promise<{ personId: string; accountId: string; role: Role; accountStatus: string } | null> {
  const [row] = await ctx.sql.query<{ person_id: string; account_id: string; role: Role; status: string }>(
    `select m.person_id, m.account_id, m.role, a.status
     from identifiers i
     join members m on m.person_id = i.user_id
     join accounts a on a.id = m.account_id
     where i.tenant_id = $1 and i.application_id = $2 and i.type = 'email' and i.value = $3 and i.verified
     order by (m.role = 'owner') desc, m.created_at, m.account_id limit 1`,
    [CONSOLE_TENANT_ID, CONSOLE_APPLICATION_ID, canonicalAddress(address)],
  )
  return row ? { personId: row.person_id, accountId: row.account_id, role: row.role, accountStatus: row.status } : null
}

/** Whose a proven address is, though this person may belong to no account any more; null: nobody's. */
export async function personOfAddress(ctx: Ctx, address: string): Promise<string | null> {
  const [row] = await ctx.sql.query<{ user_id: string }>(
    `select user_id from identifiers
     where tenant_id = $1 and application_id = $2 and type = 'email' and value = $3 and verified`,
    [CONSOLE_TENANT_ID, CONSOLE_APPLICATION_ID, canonicalAddress(address)],
  )
  return row?.user_id ?? null
}

const own = `i.tenant_id = u.tenant_id and i.user_id = u.id and i.type = 'email'`

/** Of a person, who is `users u`: the address as `addressOf` finds it, and whether it is proven. */
export const addressColumns = `
  coalesce((select i.value from identifiers i where ${own} order by i.verified desc, i.linked_at limit 1),
           u.metadata ->> 'email') as email,
  exists (select 1 from identifiers i where ${own} and i.verified) as email_verified`

/** A person's address, the proven one, else the one that the person gave; null: none. And whether it is proven. */
export async function knownAddressOf(ctx: Ctx, personId: string) {
  const [row] = await ctx.sql.query<{ email: string | null; email_verified: boolean }>(
    `select ${addressColumns} from users u where u.tenant_id = $1 and u.id = $2::uuid`,
    [CONSOLE_TENANT_ID, personId],
  )
  return row ?? { email: null, email_verified: false }
}

/** Where to write to a person; null: nowhere. */
export const addressOf = async (ctx: Ctx, personId: string): Promise<string | null> =>
  (await knownAddressOf(ctx, personId)).email
