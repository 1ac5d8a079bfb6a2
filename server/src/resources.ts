import type { ErrorCode } from './errors.ts'
import { denial } from './platform/authorize.ts'
import type { Ctx } from './platform/context.ts'
import { Refusal } from './platform/errors.ts'
import { SYSTEM_TENANT } from './platform/trail.ts'

type ResourceRow = { about: string; code: ErrorCode; id: RegExp; owner: string }

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The tenant whose trail holds what belongs to a whole account; a deleted one only where there is no other. */
const homeOf = (account: string) => `(select t.id from tenants t where t.account_id = ${account}
  order by t.deleted_at is not null, t.created_at, t.id limit 1)`

/**
 * What is named by an id that is unique on the whole server, so that it can be somebody else's: the answer when it is not
 * the caller's, the form of its id, and whose it is. An `external_user_id` is none of these: it is a name within one
 * application, and another application's user of that name is another user.
 */
export const resources = {
  application: {
    about: 'An application, by `app_…`.',
    code: 'application_not_found',
    id: /^app_[0-9A-Za-z]{1,64}$/,
    owner: `select tenant_id, id as application_id from directory where kind = 'application' and key = $1`,
  },
  user: {
    about: 'A user, by the internal id.',
    code: 'user_not_found',
    id: uuid,
    owner: 'select tenant_id, application_id from users where id = $1::uuid limit 1',
  },
  credential: {
    about: 'A passkey, by `cred_…`; of a person, so the row goes to the home tenant of their account.',
    code: 'credential_not_found',
    id: /^cred_[0-9A-Za-z]{1,64}$/,
    owner: `select coalesce(h.id, c.tenant_id) as tenant_id, case when h.id is null then c.application_id end as application_id
            from credentials c left join lateral (
              select ${homeOf('m.account_id')} as id from members m where m.person_id = c.user_id
              order by m.created_at, m.account_id limit 1) h on true
            where c.id = $1 limit 1`,
  },
  session: {
    about: 'A session, by its id.',
    code: 'session_not_found',
    id: uuid,
    owner: 'select tenant_id, application_id from sessions where id = $1::uuid limit 1',
  },
  secret_key: {
    about: 'A secret key, by `key_…`; of an account, so the row goes to its home tenant.',
    code: 'key_not_found',
    id: /^key_[0-9A-Za-z]{1,64}$/,
    owner: `select ${homeOf('k.account_id')} as tenant_id, null as application_id from secret_keys k where k.id = $1 limit 1`,
  },
  device_request: {
    about: 'A device request; of the application whose client asks, else of the account of who opened or decided it.',
    code: 'device_request_not_found',
    id: uuid,
    owner: `select coalesce(i.tenant_id, (
                select ${homeOf('m.account_id')} from members m
                where m.person_id = coalesce(d.person_id, d.opened_by) order by m.created_at, m.account_id limit 1))
              as tenant_id, i.id as application_id
            from device_requests d left join directory i on i.kind = 'client' and i.key = d.client_id
            where d.id = $1::uuid`,
  },
  agent: {
    about: 'An agent, by `agt_…`; of an account, so the row goes to its home tenant.',
    code: 'agent_not_found',
    id: /^agt_[0-9A-Za-z]{1,64}$/,
    owner: `select ${homeOf('g.account_id')} as tenant_id, null as application_id from agents g where g.id = $1 limit 1`,
  },
  account: {
    about: 'An account, by `acc_…`.',
    code: 'account_not_found',
    id: /^acc_[0-9A-Za-z]{1,64}$/,
    owner: `select ${homeOf('a.id')} as tenant_id, null as application_id from accounts a where a.id = $1 limit 1`,
  },
  tenant: {
    about: 'A tenant, by `org_…`; the row goes to the home tenant of its account.',
    code: 'tenant_not_found',
    id: /^org_[0-9A-Za-z]{1,64}$/,
    owner: `select ${homeOf('o.account_id')} as tenant_id, null as application_id from tenants o where o.id = $1 limit 1`,
  },
  member: {
    about: 'A person as a member of an account, by the internal id.',
    code: 'member_not_found',
    id: uuid,
    owner: `select ${homeOf('m.account_id')} as tenant_id, null as application_id from members m
            where m.person_id = $1::uuid order by m.created_at limit 1`,
  },
  invitation: {
    about: 'An invitation, by `inv_…`.',
    code: 'invitation_not_found',
    id: /^inv_[0-9A-Za-z]{1,64}$/,
    owner: `select ${homeOf('i.account_id')} as tenant_id, null as application_id from invitations i where i.id = $1 limit 1`,
  },
} as const satisfies Record<string, ResourceRow>

export type ResourceType = keyof typeof resources

/**
 * The refusal for a resource that is missing, foreign, or beyond the principal's reach: one path of work and one answer
 * (http-api.md §1.4). Its row belongs to the tenant of a foreign resource, which can read it, and to nobody's when the
 * resource is missing. Thrown as a `Refusal`, so that the row outlives the command.
 * @param policy what said no: the policy's reach, such as `own_application`
 */
export async function denied(ctx: Ctx, type: ResourceType, id: string, policy: string): Promise<Refusal> {
  const { code, owner, id: form } = resources[type]
  const [whose] = form.test(id)
    ? await ctx.sql.query<{ tenant_id: string | null; application_id: string | null }>(owner, [id])
    : []
  const facts = { policy, resourceType: type, resourceId: id, resourceTenantId: whose?.tenant_id ?? null }
  ctx.trail.push({
    ...denial(ctx, facts),
    tenantId: whose?.tenant_id ?? SYSTEM_TENANT,
    applicationId: whose?.application_id ?? null,
  })
  return new Refusal(code)
}
