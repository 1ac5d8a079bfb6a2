import { setAccountStatus } from '../src/accounts/admission.ts'
import { personByAddress } from '../src/accounts/people.ts'
import { systemContext } from '../src/platform/context.ts'
import type { Answer, Call, TestApp } from './harness.ts'
import { freshAddress } from './harness.ts'

let count = 0

/** A mailbox that nobody has yet. */
export function freshMailbox(domain = 'example.com'): string {
  count += 1
  return `agent${count}.${Math.trunc(performance.now() * 1000)}@${domain}`
}

export const register = (server: TestApp, email: string, agent_name = 'Production Agent', call: Call = {}) =>
  server.call('POST', '/api/agents/register', { body: { email, agent_name }, ip: freshAddress(), ...call })

/** The token in the newest mail to the address. */
export async function tokenFor(server: TestApp, email: string): Promise<string> {
  const text = (await server.mails(email)).at(-1)?.text ?? ''
  const [token] = text.match(/\bemt_[0-9A-Za-z]{49}\b/) ?? []
  if (!token) throw new Error(`there is no token in the mail to ${email}`)
  return token
}

/** Registers and reads the mail. */
export async function tokenOf(server: TestApp, email = freshMailbox(), agent_name?: string): Promise<string> {
  const answer = await register(server, email, agent_name)
  if (answer.status !== 200) throw new Error(`registration answered ${answer.status}: ${answer.text}`)
  return tokenFor(server, email)
}

export const verify = (server: TestApp, body: object, call: Call = {}): Promise<Answer> =>
  server.call('POST', '/api/agents/verify', { body, ip: freshAddress(), ...call })

/** The call that the mail shows to programs. */
export const verifyLink = (server: TestApp, token: string, call: Call = {}, method = 'GET'): Promise<Answer> =>
  server.call(method, `/api/agents/verify?token=${token}`, { ip: freshAddress(), ...call })

/** Admits or disables the account that the address is the owner's of, as an operator does. */
export async function setStatus(server: TestApp, email: string, status: 'active' | 'disabled'): Promise<void> {
  const { deps } = server.app
  const ctx = systemContext(deps, 'test')
  await deps.database.transaction(async (db, sql) => {
    const known = await personByAddress({ ...ctx, db, sql }, email)
    if (!known) throw new Error(`${email} has no account`)
    await setAccountStatus({ ...ctx, db, sql }, known.accountId, status, { method: 'test' })
  })
  for (const { kind, id } of ctx.touched) deps.caches.drop(kind, id)
}

/** Whether any table holds the text, as it is or in the bytes of a column. */
export async function isInDatabase({ database }: TestApp, secret: string): Promise<boolean> {
  const tables = await database.sql.query<{ name: string }>(
    `select quote_ident(table_name) as name from information_schema.tables
     where table_schema = 'public' and table_type = 'BASE TABLE'`,
  )
  const hex = Buffer.from(secret).toString('hex')
  for (const { name } of tables) {
    const found = await database.sql.query(
      `select 1 from ${name} t where strpos(t::text, $1) > 0 or strpos(t::text, $2) > 0 limit 1`,
      [secret, hex],
    )
    if (found.length > 0) return true
  }
  return false
}
