import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testDatabase } from '../../test/database.ts'
import { type TestClock, testClock } from '../../test/harness.ts'
import { type SmtpServer, smtpServer } from '../../test/smtp-server.ts'
import { parseConfig } from '../config.ts'
import type { Ctx } from './context.ts'
import type { Database } from './db.ts'
import { ApiError } from './errors.ts'
import { createLog } from './log.ts'
import { mailContext, type OutgoingMail, queueMail, requireMail } from './mail.ts'
import { createMailer, type Mailer, purgeOldMails } from './mail-sender.ts'
import { type MailTransport, openMailTransport, type SentMail, senderOf } from './mail-transport.ts'
import { createSecrets, randomBytes } from './secrets.ts'

let database: Database
let clock: TestClock
let lines: string[]
const secrets = createSecrets({ masterKey: randomBytes(32) })
const log = createLog('info', (line) => void lines.push(line))
const mail = { to: 'ada@example.com', subject: 'Hello', text: 'Token emt_x', html: '<p>Token emt_x</p>' }

beforeAll(async () => {
  database = await testDatabase()
})
beforeEach(async () => {
  clock = testClock()
  lines = []
  await database.sql.query('delete from mails')
})
afterAll(() => database.sql.query('delete from mails'))

type Row = { attempts: number; next_attempt_at: Date; last_error: string | null; content: Uint8Array; id: string }
const rows = () =>
  database.sql.query<Row>('select id, attempts, next_attempt_at, last_error, content from mails order by id')

/** A transport that does as it is told. */
function transport(answer: (mail: SentMail) => unknown = () => undefined) {
  const sent: SentMail[] = []
  const send = async (one: SentMail) => {
    await answer(one)
    sent.push(one)
  }
  return { sent, send, close: async () => {} } satisfies MailTransport & { sent: SentMail[] }
}

const mailerOf = (to: MailTransport | null): Mailer =>
  createMailer({ sql: database.sql, secrets, clock, log, transport: to })

/** Queues in a transaction of its own, as a command does. */
async function queue(mailer: Mailer, one: OutgoingMail = mail, work?: () => void): Promise<void> {
  const afterCommit: (() => unknown)[] = []
  await database.transaction(async (db, sql) => {
    await queueMail({ deps: { mailer, secrets }, db, sql, now: clock, afterCommit } as unknown as Ctx, one)
    work?.()
  })
  for (const next of afterCommit) await next()
}

const refusal = (code: string, responseCode?: number) =>
  Object.assign(new Error('550 <ada@example.com> is unknown'), { code, responseCode })

describe('a mail in the queue', () => {
  it('is sent right after the commit, once, and then gone', async () => {
    const to = transport()
    const mailer = mailerOf(to)
    await queue(mailer)
    await mailer.flush()
    expect(to.sent).toMatchObject([mail])
    expect(await rows()).toEqual([])
    expect(await mailer.flush()).toBe(0)
  })

  it('is not there when what it tells of was undone', async () => {
    const to = transport()
    const mailer = mailerOf(to)
    const undone = queue(mailer, mail, () => {
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect([await mailer.flush(), to.sent]).toEqual([0, []])
  })

  it('agents 140: shows neither address nor text to whoever reads the database', async () => {
    const mailer = mailerOf(transport(() => Promise.reject(refusal('ECONNECTION'))))
    await queue(mailer)
    await mailer.flush()
    const [row] = await rows()
    const stored = Buffer.from(row?.content ?? [])
    for (const part of ['ada@example.com', 'emt_x', 'Hello']) expect(stored.includes(part)).toBe(false)
    expect(JSON.parse(secrets.decrypt(stored, mailContext(row?.id ?? '')).toString())).toEqual(mail)
    expect(() => secrets.decrypt(stored, mailContext('another'))).toThrow()
    expect(row?.last_error).toBe('ECONNECTION')
    expect(lines.join('\n')).not.toMatch(/ada@|emt_x/)
  })

  it('is tried again with growing pauses, ten times in all, under one id', async () => {
    const ids = new Set<string>()
    let tries = 0
    const mailer = mailerOf(
      transport(({ id }) => {
        tries += 1
        ids.add(id)
        throw refusal('ECONNECTION')
      }),
    )
    await queue(mailer)
    await mailer.flush()
    for (let attempt = 1; attempt < 10; attempt++) {
      const pause = 60 * 2 ** (attempt - 1)
      const [row] = await rows()
      expect([row?.attempts, ((row?.next_attempt_at.getTime() ?? 0) - clock().getTime()) / 1000]).toEqual([
        attempt,
        pause,
      ])
      clock.advance(pause - 1)
      expect(await mailer.flush()).toBe(0)
      clock.advance(1)
      expect(await mailer.flush()).toBe(1)
    }
    expect([tries, ids.size, await rows()]).toEqual([10, 1, []])
    expect(lines.filter((line) => line.includes('a mail was given up'))).toHaveLength(1)
  })

  it('is given up at once when the server says that it will never take it', async () => {
    const mailer = mailerOf(transport(() => Promise.reject(refusal('EENVELOPE', 550))))
    await queue(mailer)
    await mailer.flush()
    expect(await rows()).toEqual([])
    expect(lines.join('\n')).toContain('EENVELOPE 550')
    expect(lines.join('\n')).not.toContain('ada@example.com')
  })

  it.each([
    ['a server that is busy', refusal('EENVELOPE', 450)],
    ['a wrong password, which is ours to repair', refusal('EAUTH', 535)],
  ])('waits for %s', async (_what, error) => {
    const mailer = mailerOf(transport(() => Promise.reject(error)))
    await queue(mailer)
    await mailer.flush()
    expect(await rows()).toHaveLength(1)
  })

  it('does not hold up the others', async () => {
    const to = transport((one) => one.to === 'bad@example.com' && Promise.reject(refusal('ECONNECTION')))
    const mailer = mailerOf(to)
    for (const who of ['a', 'bad', 'b', 'c', 'd', 'e', 'f']) await queue(mailer, { ...mail, to: `${who}@example.com` })
    await mailer.flush()
    expect(to.sent.map((one) => one.to[0]).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(await rows()).toHaveLength(1)
  })

  it('that a dead process had taken is sent by another five minutes later', async () => {
    const never = mailerOf(transport(() => new Promise(() => {})))
    await queue(never)
    await expect.poll(async () => (await rows())[0]?.attempts).toBe(1)
    const to = transport()
    const other = mailerOf(to)
    clock.advance(299)
    expect(await other.flush()).toBe(0)
    clock.advance(1)
    expect(await other.flush()).toBe(1)
    expect(to.sent).toHaveLength(1)
  })

  it('is sent once by two processes that look at the same time', async () => {
    const [one, two] = [transport(), transport()]
    const idle = { ...mailerOf(one), poke: () => {} }
    for (let i = 0; i < 20; i++) await queue(idle, { ...mail, to: `a${i}@example.com` })
    await Promise.all([mailerOf(one).flush(), mailerOf(two).flush()])
    const all = [...one.sent, ...two.sent].map(({ to }) => to)
    expect([all.length, new Set(all).size]).toEqual([20, 20])
  })

  it('goes after three days, if nobody ever sends it', async () => {
    await queue({ ...mailerOf(transport()), poke: () => {} })
    clock.advance(3 * 86_400 - 1)
    expect(await purgeOldMails(database.sql, clock(), 10)).toBe(0)
    clock.advance(1)
    expect(await purgeOldMails(database.sql, clock(), 10)).toBe(1)
  })

  it('without a transport is not even written, and who needs one is told', async () => {
    const mailer = mailerOf(null)
    await queue(mailer)
    expect(await rows()).toEqual([])
    expect(() => requireMail({ mailer })).toThrow(ApiError)
  })
})

describe('over SMTP', () => {
  let smtp: SmtpServer
  let open: MailTransport
  beforeEach(async () => {
    smtp = await smtpServer()
    const config = parseConfig({ SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, MAIL_FROM: 'Acme <agents@acme.example>' })
    open = openMailTransport(config, log) as MailTransport
  })
  afterEach(async () => {
    await open.close()
    await smtp.close()
  })

  it('security 190: the envelope has one sender and one recipient, the message both forms', async () => {
    const mailer = mailerOf(open)
    await queue(mailer, { ...mail, to: "o'neil+tag@example.com" })
    await mailer.flush()
    const [taken, ...more] = smtp.deliveries
    expect(more).toEqual([])
    expect([taken?.from, taken?.to]).toEqual(['agents@acme.example', ["o'neil+tag@example.com"]])
    expect(smtp.commands.filter((line) => /^(?:MAIL|RCPT)/.test(line))).toHaveLength(2)
    expect(taken?.data).toMatch(/^From: Acme <agents@acme\.example>\r$/m)
    expect(taken?.data).toMatch(/^To: o'neil\+tag@example\.com\r$/m)
    expect(taken?.data).toMatch(/^Subject: Hello\r$/m)
    expect(taken?.data).toMatch(/^Auto-Submitted: auto-generated\r$/m)
    expect(taken?.data).toMatch(/^Message-ID: <[0-9a-f-]{36}@acme\.example>\r$/m)
    expect(taken?.data).toMatch(/^Content-Type: multipart\/alternative/m)
    expect(taken?.data).toContain('text/plain')
    expect(taken?.data).toContain('text/html')
    expect(taken?.data).not.toMatch(/^(?:Reply-To|Bcc|Cc):/m)
  })

  it('a recipient that does not exist is the end of it; a server that cannot now is asked again', async () => {
    const mailer = mailerOf(open)
    smtp.refuse = (line) => (line.startsWith('RCPT') ? '550 5.1.1 <ada@example.com> no such user' : null)
    await queue(mailer)
    await mailer.flush()
    expect(await rows()).toEqual([])
    expect(lines.join('\n')).toContain('EENVELOPE 550')
    expect(lines.join('\n')).not.toContain('ada@example.com')

    smtp.refuse = (line) => (line === '.' ? '451 4.3.0 later' : null)
    await queue(mailer)
    await mailer.flush()
    expect(await rows()).toMatchObject([{ attempts: 1 }])
    smtp.refuse = null
    clock.advance(60)
    await mailer.flush()
    expect(smtp.deliveries).toHaveLength(1)
  })

  it('a server that is away costs nobody anything but time', async () => {
    const mailer = mailerOf(open)
    await smtp.close()
    await queue(mailer)
    await mailer.flush()
    const [row] = await rows()
    expect(row?.last_error).toMatch(/^E[A-Z]+$/)
  })
})

describe('without SMTP_URL', () => {
  it('in development a mail is a file for its owner alone, and a line in the log that has no token', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mails-'))
    const mailer = mailerOf(openMailTransport(parseConfig({ DATA_DIR: folder }), log))
    await queue(mailer)
    await mailer.flush()
    const [file = ''] = await readdir(join(folder, 'mails'))
    const path = join(folder, 'mails', file)
    const text = await readFile(path, 'utf8')
    expect(text).toContain('Token emt_x')
    expect(text).toMatch(/^From: TryMellon <no-reply@localhost>\r?$/m)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const [line = '{}'] = lines.filter((one) => one.includes('.eml'))
    expect(JSON.parse(line)).toMatchObject({ to: 'ada@example.com', subject: 'Hello', file: path })
    expect(line).not.toContain('emt_x')
  })

  it('in production there is no transport', () => {
    const production = {
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://auth.example.com',
      MASTER_KEY: randomBytes(32).toString('hex'),
    }
    expect(openMailTransport(parseConfig(production), log)).toBeNull()
    expect(openMailTransport(parseConfig({ ...production, SMTP_URL: 'smtps://u:p@mail.example' }), log)).not.toBeNull()
  })
})

describe('the sender', () => {
  it.each([
    ['', { name: 'TryMellon', address: 'no-reply@auth.example.com' }],
    ['agents@acme.example', { name: '', address: 'agents@acme.example' }],
    ['Acme Agents <agents@acme.example>', { name: 'Acme Agents', address: 'agents@acme.example' }],
  ])('MAIL_FROM %j', (text, mailbox) => {
    expect(senderOf(parseConfig({ PUBLIC_URL: 'https://auth.example.com', MAIL_FROM: text }))).toEqual(mailbox)
  })
})
