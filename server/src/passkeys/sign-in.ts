import { auditRow } from '../audit/record.ts'
import { clearFailures, maySignIn, withoutFailures } from '../lockout/state.ts'
import type { Ctx } from '../platform/context.ts'
import type { Publishable } from '../platform/principal.ts'
import { trailColumns, trailPlaceholders, trailValues, trailWidth, writeTrail } from '../platform/trail.ts'
import { type NewSession, sessionColumns, sessionPlaceholders, sessionWidth } from '../sessions/issue.ts'
import { markActive } from '../usage/active-user.ts'
import { periodOf } from '../usage/period.ts'
import type { PasskeyRow } from './presented-passkey.ts'

const user = `u.tenant_id = $1 and u.id = $7::uuid and ${maySignIn('$5')}`

// Raw, and one statement: counter, session and audit row commit together or not at all. Its locks are the decision, the
// user's before the passkey's as everywhere: a user locked, disabled or erased meanwhile, a passkey revoked meanwhile,
// yields no row, and a count that another sign-in has passed is a replay. Whoever locks or disables waits for the share
// lock, so no session is opened after that was committed. Readers of the lock do not wait for each other.
const signInOf = (allowed: string) => `
  with allowed as (${allowed}),
  passed as (
    update credentials c set sign_count = greatest(c.sign_count, $3::bigint), backup_state = $4::boolean, last_used_at = $5::timestamptz
    from allowed
    where c.tenant_id = $1 and c.id = $2 and c.user_id = allowed.id and c.status = 'active'
      and ($6::boolean or c.sign_count < $3::bigint or (c.sign_count = 0 and $3::bigint = 0))
    returning c.id),
  opened as (insert into sessions (${sessionColumns}) select ${sessionPlaceholders(8)} from passed returning id),
  active as (${markActive(['$1', '$7', `$${8 + sessionWidth + trailWidth}`], 'from opened')})
  insert into audit_logs (${trailColumns}) select ${trailPlaceholders(8 + sessionWidth)} from opened returning id`

/** For a user without a counted failure, as nearly all are; one that is counted meanwhile makes it yield no row. */
const plain = signInOf(`select u.id from users u where ${user} and ${withoutFailures} for share of u`)
/** Clears what was counted. */
const clearing = signInOf(`update users u set ${clearFailures} where ${user} returning u.id`)

export type SignIn = {
  signCount: number
  backupState: boolean
  userVerified: boolean
  /** The count did not rise, and policy lets it pass. */
  flagged: boolean
}

/** Opens the session of a verified assertion. @returns false when user or passkey are no longer as they were read */
export async function signIn(
  ctx: Ctx<Publishable>,
  passkey: PasskeyRow,
  session: NewSession,
  { signCount, backupState, userVerified, flagged }: SignIn,
): Promise<boolean> {
  const audit = auditRow(ctx, 'auth.success', {
    userId: passkey.user_id,
    metadata: { method: 'passkey', credential_id: passkey.id, session_id: session.id, user_verified: userVerified },
  })
  const values = [
    ctx.principal.tenantId,
    passkey.id,
    signCount,
    backupState,
    ctx.now(),
    flagged,
    passkey.user_id,
    ...session.values,
    ...trailValues(ctx, audit),
    periodOf(ctx.now()),
  ]
  const statement = passkey.has_failures ? clearing : plain
  if (!flagged) return (await ctx.sql.query(statement, values)).length === 1
  // A replay that policy lets pass: its own row commits with the session.
  return ctx.deps.database.rawTransaction(async (sql) => {
    const rows = await sql.query(statement, values)
    if (rows.length === 1) await writeTrail(ctx, sql)
    return rows.length === 1
  })
}
