import type { AuditEvent } from '../audit/events.ts'
import { record } from '../audit/record.ts'
import { admittedMail } from '../mails/admitted.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import { queueMail } from '../platform/mail.ts'
import { addressOf } from './people.ts'

const events = { active: 'account.admitted', disabled: 'account.disabled' } as const satisfies Record<
  string,
  AuditEvent
>

/** Writes to everybody who owns the account. */
async function tellOwners(ctx: Ctx, accountId: string, facts: Parameters<typeof admittedMail>[1]): Promise<void> {
  const letter = admittedMail(ctx.deps.config, facts)
  const owners = await ctx.sql.query<{ person_id: string }>(
    `select person_id from members where account_id = $1 and role = 'owner' order by created_at, person_id`,
    [accountId],
  )
  for (const { person_id } of owners) {
    const to = await addressOf(ctx, person_id)
    if (to !== null) await queueMail(ctx, { to, ...letter })
  }
}

/**
 * Admits an account from the wait-list, or disables one with everything that its people and programs hold (agents.md
 * §5.4), in the caller's transaction; every instance knows at commit. The owners of one that is admitted get a mail.
 * Repeating it changes nothing.
 * @returns whether it changed anything; null: there is no such account
 */
export async function setAccountStatus(
  ctx: Ctx,
  accountId: string,
  status: keyof typeof events,
  facts: { method: string },
): Promise<boolean | null> {
  const [row] = await ctx.sql.query<{ status: string; name: string | null }>(
    'select status, name from accounts where id = $1 for update',
    [accountId],
  )
  if (!row) return null
  if (row.status === status) return false
  await ctx.sql.query('update accounts set status = $2 where id = $1', [accountId, status])
  await touch(ctx, 'account', accountId)
  const applications = await ctx.sql.query<{ client_id: string; tenant_id: string }>(
    'select a.client_id, a.tenant_id from applications a join tenants t on t.id = a.tenant_id where t.account_id = $1 order by t.deleted_at is not null, t.created_at, a.id',
    [accountId],
  )
  for (const { client_id } of applications) await touch(ctx, 'client', client_id)
  const [home] = applications
  record(ctx, events[status], {
    ...(home ? { tenantId: home.tenant_id } : {}),
    applicationId: null,
    metadata: { account_id: accountId, ...facts },
  })
  if (status === 'active') {
    await tellOwners(ctx, accountId, { accountName: row.name, wasDisabled: row.status === 'disabled' })
  }
  return true
}
