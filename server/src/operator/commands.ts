import { setAccountStatus } from '../accounts/admission.ts'
import { addressOf } from '../accounts/people.ts'
import { CONSOLE_ACCOUNT_ID } from '../console/console.ts'
import { type Ctx, type Deps, systemContext } from '../platform/context.ts'
import { uuid } from '../platform/ids.ts'
import { writeTrail } from '../platform/trail.ts'
import { type Plan, plans } from '../tenants/plans.ts'
import { accountStates } from './accounts.ts'
import { appoint, dismiss, listOperators } from './appoint.ts'
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
  usage: `accounts [${accountStates.join('|')}]`,
  about: 'lists accounts that people own, the newest last',
  async run(ctx, [status]) {
    if (status !== undefined && !accountStates.some((state) => state === status)) {
      throw new UsageError(`A status is one of ${accountStates.join(', ')}.`)
    }
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

const status =
  (to: 'active' | 'disabled', done: string) =>
  async (ctx: Ctx, [word]: readonly string[]) => {
    const id = accountId(word)
    const changed = await setAccountStatus(ctx, id, to, { method: 'operator' })
    if (changed === null) throw new UsageError(`There is no account ${id}.`)
    return changed ? `${id} is ${done}.` : `${id} was ${done} already.`
  }

/** A person by id, or the one who owns an account. */
async function person(ctx: Ctx, word: string | undefined): Promise<string> {
  if (uuid.safeParse(word).success) return word as string
  const owners = await ctx.sql.query<{ person_id: string }>(
    `select person_id from members where account_id = $1 and role = 'owner' order by created_at, person_id`,
    [accountId(word)],
  )
  const [owner] = owners
  if (!owner) throw new UsageError(`Nobody owns ${word}.`)
  if (owners.length === 1) return owner.person_id
  const named = owners.map(async ({ person_id }) => `  ${person_id}  ${(await addressOf(ctx, person_id)) ?? ''}`)
  throw new UsageError(`${word} has several owners; name one of them:\n${(await Promise.all(named)).join('\n')}`)
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
  operators: {
    usage: 'operators',
    about: 'lists the people who may admit and disable accounts in the dashboard',
    async run(ctx) {
      const people = await listOperators(ctx)
      const lines = people.map(({ person_id, email, at }) => [person_id, at.toISOString(), email ?? ''].join('  '))
      return lines.length === 0 ? 'There is none.' : lines.join('\n')
    },
  },
  appoint: {
    usage: 'appoint PERSON|acc_…',
    about: 'lets a person, or the owner of an account, admit and disable accounts in the dashboard',
    async run(ctx, [word]) {
      const id = await person(ctx, word)
      const done = await appoint(ctx, id)
      if (done === null) throw new UsageError(`There is no person ${id}.`)
      return done ? `${id} is an operator.` : `${id} was an operator already.`
    },
  },
  dismiss: {
    usage: 'dismiss PERSON|acc_…',
    about: 'takes that back, with the next call of the person',
    async run(ctx, [word]) {
      const id = await person(ctx, word)
      return (await dismiss(ctx, id)) ? `${id} is no operator any more.` : `${id} was no operator.`
    },
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
