import type { Ctx, Deps } from './context.ts'
import { ApiError } from './errors.ts'
import { uuid7 } from './ids.ts'
import type { Mailer } from './mail-sender.ts'

/** What is sent: one recipient, no header of the caller's making. Text of somebody else has been escaped in `html`. */
export type OutgoingMail = {
  /** One address, as `mailAddress` or the users' schema read it. */
  to: string
  /** A sentence of ours: nothing that a requester wrote. */
  subject: string
  text: string
  html?: string
}

/** What the stored content of a mail is bound to: moved to another row it does not open. */
export const mailContext = (id: string): string => `mail:${id}`

/** Whether mails go anywhere: over SMTP, or, outside production, into files. */
export const mailAvailable = ({ mailer }: { mailer: Pick<Mailer, 'available'> }): boolean => mailer.available

/** @throws 503 email_unavailable where no mail can be sent: production without `SMTP_URL` */
export function requireMail(deps: Pick<Deps, 'mailer'>): void {
  if (!mailAvailable(deps)) throw new ApiError('email_unavailable', { retryAfter: 3600 })
}

/**
 * Writes a mail in the caller's transaction: it goes out exactly if the change it tells of is committed, right after the
 * commit, and again with growing pauses while the transport does not take it. Its content is encrypted, as it may hold a
 * token. Does nothing where there is no transport: a notice must not undo what it tells of; who cannot do without the mail
 * asks `requireMail` first.
 * @param mail `to` is one address
 */
export async function queueMail(ctx: Ctx, mail: OutgoingMail): Promise<void> {
  const { mailer, secrets } = ctx.deps
  if (!mailer.available) return
  const now = ctx.now()
  const id = uuid7(now)
  const content = secrets.encrypt(JSON.stringify(mail), mailContext(id))
  await ctx.sql.query(
    `insert into mails (id, content, created_at, next_attempt_at) values ($1::uuid, $2, $3::timestamptz, $3::timestamptz)`,
    [id, content, now],
  )
  ctx.afterCommit.push(() => mailer.poke())
}
