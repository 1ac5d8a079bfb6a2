import { setAccountStatus } from '../accounts/admission.ts'
import { addressOf } from '../accounts/people.ts'
import { CONSOLE_ACCOUNT_ID } from '../console/console.ts'
import { admittedMail } from '../mails/admitted.ts'
import { type Ctx, type Deps, systemContext } from '../platform/context.ts'
import { queueMail } from '../platform/mail.ts'
import { writeTrail } from '../platform/trail.ts'
import { type Plan, plans } from '../tenants/plans.ts'
import { changePlan } from './change-plan.ts'

type Command = { usage: string; about: string; run(ctx: Ctx, words: readonly string[]): Promise<string> }

/** A mistake of whoever typed it. */
class UsageError extends Error {
  override readonly name = 'UsageError'
}

function accountId(word: string | undefined): string {
  if (!word || !/^acc_[0-9A-Za-z]{1,64}$/.test(word) || word === CONSOLE_ACCOUNT_ID) {
    throw new UsageError('Name an account, acc_….')
  }
  return word
}

const list: Command = {
  usage: 'accounts [waitlisted|active|disabled]',
  about: 'lists accounts that people own, the newest last',
  async run(ctx, [status]) {
    const rows = await ctx.sql.query<{ id: string; status: string; plan: string; name: string | null; at: Date }>(
      `select a.id, a.status, a.plan, a.name, a.created_at as at from accounts a
       where a.id <> $1 and ($2::text is null or a.status = $2) and exists (select 1 from members m where m.account_id = a.id)
       order by a.created_at, a.id limit 1000`,
      [CONSOLE_ACCOUNT_ID, status ?? null],
    )
    return rows.length === 0
      ? 'There is none.'
      : rows.map((row) => [row.id, row.status, row.plan, row.at.toISOString(), row.name ?? ''].join('  ')).join('\n')
  },
}

/** Everybody who owns the account, for mails. */
async function ownersOf(ctx: Ctx, id: string): Promise<string[]> {
  const owners = await ctx.db.member.findMany({ where: { accountId: id, role: 'owner' }, select: { personId: true } })
  const addresses = await Promise.all(owners.map(({ personId }) => addressOf(ctx, personId)))
  return addresses.filter((address) => address !== null)
}

const status =
  (to: 'active' | 'disabled', done: string) =>
  async (ctx: Ctx, [word]: readonly string[]) => {
    const id = accountId(word)
    const changed = await setAccountStatus(ctx, id, to, { method: 'operator' })
    if (changed === null) throw new UsageError(`There is no account ${id}.`)
    if (changed && to === 'active') {
      const { name } = await ctx.db.account.findUniqueOrThrow({ where: { id }, select: { name: true } })
      const letter = admittedMail(ctx.deps.config, { accountName: name })
      for (const address of await ownersOf(ctx, id)) await queueMail(ctx, { to: address, ...letter })
    }
    return changed ? `${id} is ${done}.` : `${id} was ${done} already.`
  }

const commands: Record<string, Command> = {
  accounts: list,
  admit: {
    usage: 'admit acc_…',
    about: 'admits an account from the wait-list, or enables a disabled one; its owners get a mail',
    run: status('active', 'admitted'),
  },
  disable: {
    usage: 'disable acc_…',
    about: 'stops an account with its people, programs and applications, within a second',
    run: status('disabled', 'disabled'),
  },
  plan: {
    usage: `plan acc_… ${Object.keys(plans).join('|')}`,
    about: 'puts an account on a plan',
    async run(ctx, [word, plan = '']) {
      const id = accountId(word)
      if (!Object.hasOwn(plans, plan)) throw new UsageError(`A plan is one of ${Object.keys(plans).join(', ')}.`)
      const before = await changePlan(ctx, id, plan as Plan)
      if (before === null) throw new UsageError(`There is no account ${id}.`)
      return `${id}: ${before} → ${plan}`
    },
  },
}

const help = [
  'pnpm run operator COMMAND',
  '',
  ...Object.values(commands).map(({ usage, about }) => `  ${usage}\n      ${about}`),
  '',
  'It uses the settings of the server. On the embedded database, stop the server first: it has one process.',
].join('\n')

/**
 * Runs one command of the operator in one transaction, with its audit rows.
 * @returns what to print
 */
export async function operate(deps: Deps, name: string, words: readonly string[]): Promise<string> {
  const command = commands[name]
  if (!command) return help
  const base = systemContext(deps, `operator.${name}`)
  const { text, touched } = await deps.database.transaction(async (db, sql) => {
    const ctx = { ...base, db, sql, trail: [], touched: [] }
    const said = await command.run(ctx, words)
    await writeTrail(ctx, sql)
    return { text: said, touched: ctx.touched as Ctx['touched'] }
  })
  for (const { kind, id } of touched) deps.caches.drop(kind, id)
  await deps.mailer.flush()
  return text
}
