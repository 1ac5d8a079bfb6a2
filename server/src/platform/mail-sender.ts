import type { Sql } from './db.ts'
import type { Log } from './log.ts'
import { mailContext, type OutgoingMail } from './mail.ts'
import type { MailTransport } from './mail-transport.ts'
import type { Secrets } from './secrets.ts'
import { addSeconds, type Clock } from './time.ts'

export type Mailer = {
  /** Whether there is a transport at all. */
  available: boolean
  /** Something was queued: send it soon, and do not wait for it. */
  poke(): void
  /** Sends whatever is due; returns how many mails were taken. Never rejects for a transport that does not take one. */
  flush(): Promise<number>
  /** Ends after the mails under way. */
  close(): Promise<void>
}

export type MailerOptions = {
  sql: Sql
  secrets: Secrets
  clock: Clock
  log: Log
  /** null: mails go nowhere. */
  transport: MailTransport | null
}

const maxAttempts = 10
/** How many are sent side by side. */
const batch = 5
/** Longer than any transport takes: after that the process that took the mail is dead, and another sends it. */
const leaseSeconds = 300

/** 1, 2, 4 … 256 minutes: ten attempts within nine hours, well inside the life of a verification token. */
const pauseSeconds = (attempts: number): number => 60 * 2 ** (attempts - 1)

type Taken = { id: string; content: Uint8Array; attempts: number }

const takeDue = `
  with due as (
    select id from mails where next_attempt_at <= $1::timestamptz
    order by next_attempt_at, id limit ${batch} for update skip locked)
  update mails m set attempts = m.attempts + 1, next_attempt_at = $2::timestamptz
  from due where m.id = due.id returning m.id, m.content, m.attempts`

/** Codes only: the sentence of a mail server names the address. */
function reasonOf(error: unknown): { reason: string; isFinal: boolean } {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown }
  const refused = typeof responseCode === 'number' ? responseCode : 0
  const name = typeof code === 'string' ? code : error instanceof Error ? error.name : 'error'
  // A 5xx for this recipient or this message will be one the next time too (RFC 5321 §4.2.1); others are ours to repair.
  const isFinal = refused >= 500 && (name === 'EENVELOPE' || name === 'EMESSAGE')
  return { reason: refused ? `${name} ${refused}` : name, isFinal }
}

/**
 * Delivers queued mails. A mail is leased to one process by a statement of its own, sent outside any transaction, and
 * deleted once the transport took it: at least once, and twice only when a process dies between the two. Its Message-ID
 * stays the same.
 */
export function createMailer({ sql, secrets, clock, log, transport }: MailerOptions): Mailer {
  let running: Promise<number> | null = null
  let isWanted = false
  let isClosed = false

  const drop = (id: string) => sql.query('delete from mails where id = $1::uuid', [id])

  async function fail({ id, attempts }: Taken, error: unknown): Promise<void> {
    const { reason, isFinal } = reasonOf(error)
    if (isFinal || attempts >= maxAttempts) {
      log.error({ mail: id, reason, attempts }, 'a mail was given up')
      await drop(id)
      return
    }
    log.warn({ mail: id, reason, attempts }, 'a mail was not taken')
    await sql.query('update mails set next_attempt_at = $2::timestamptz, last_error = $3 where id = $1::uuid', [
      id,
      addSeconds(clock(), pauseSeconds(attempts)),
      reason,
    ])
  }

  async function deliver(to: MailTransport, taken: Taken): Promise<void> {
    try {
      if (taken.attempts > maxAttempts) throw new Error('every attempt ended with the process')
      const content = secrets.decrypt(taken.content, mailContext(taken.id)).toString('utf8')
      await to.send({ id: taken.id, ...(JSON.parse(content) as OutgoingMail) })
    } catch (error) {
      await fail(taken, error)
      return
    }
    await drop(taken.id)
  }

  async function sendDue(to: MailTransport): Promise<number> {
    let total = 0
    while (!isClosed) {
      const now = clock()
      const taken = await sql.query<Taken>(takeDue, [now, addSeconds(now, leaseSeconds)])
      // Of equal age the first queued goes first.
      await Promise.all(taken.sort((a, b) => (a.id < b.id ? -1 : 1)).map((mail) => deliver(to, mail)))
      total += taken.length
      if (taken.length < batch && !isWanted) return total
      isWanted = false
    }
    return total
  }

  function run(): Promise<number> {
    if (!transport || isClosed) return Promise.resolve(0)
    if (running) {
      // Whoever comes during a run may have queued what it did not see any more.
      isWanted = true
      return running
    }
    isWanted = false
    running = sendDue(transport).finally(() => {
      running = null
      if (isWanted) poke()
    })
    return running
  }

  function poke(): void {
    run().catch((error: unknown) => log.warn({ err: error }, 'mails wait for the next minute'))
  }

  return {
    available: transport !== null,
    poke,
    flush: run,
    async close() {
      isClosed = true
      await running?.catch(() => {})
      await transport?.close()
    },
  }
}

/** Deletes at most `size` mails of more than three days, which no transport wanted; returns how many. */
export async function purgeOldMails(sql: Sql, now: Date, size: number): Promise<number> {
  const gone = await sql.query(
    `delete from mails where id in (select id from mails where created_at <= $1::timestamptz limit $2::int) returning 1`,
    [addSeconds(now, -3 * 86_400), size],
  )
  return gone.length
}
