import type { Config } from '../config.ts'
import type { Log } from './log.ts'
import type { OutgoingMail } from './mail.ts'

/** A mail on its way. `id` stays the same however often it is tried. */
export type SentMail = OutgoingMail & { id: string }

/** Where mails go. `send` rejects when the mail was not taken; `code` and `responseCode` of the error say why. */
export type MailTransport = {
  send(mail: SentMail): Promise<void>
  close(): Promise<void>
}

type Mailbox = { name: string; address: string }

/** `MAIL_FROM` in its two forms: an address, or a name with the address in angle brackets. */
export const senderForm =
  /^(?:([^<>"@,;:\r\n]{1,64}) <([^\s@<>",;:]{1,64}@[^\s@<>",;:]{1,189})>|[^\s@<>",;:]{1,64}@[^\s@<>",;:]{1,189})$/

/** Who mails are from; `no-reply` at the server's own host unless it is set. */
export function senderOf({ MAIL_FROM, PUBLIC_URL }: Pick<Config, 'MAIL_FROM' | 'PUBLIC_URL'>): Mailbox {
  const [whole, name, address] = (MAIL_FROM && senderForm.exec(MAIL_FROM)) || []
  if (whole) return { name: name ?? '', address: address ?? whole }
  return { name: 'TryMellon', address: `no-reply@${new URL(PUBLIC_URL).hostname}` }
}

/** The mail as nodemailer takes it: addresses as objects, so that none is ever parsed from a header (security 190). */
function messageOf(from: Mailbox, { id, to, subject, text, html }: SentMail) {
  const recipient: Mailbox = { name: '', address: to }
  return {
    from,
    to: [recipient],
    envelope: { from, to: [recipient] },
    subject,
    text,
    ...(html === undefined ? {} : { html }),
    messageId: `<${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    // A mail is text that we made: it reads no file and fetches nothing.
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

const isLoopback = (host: string) => ['localhost', '127.0.0.1', '[::1]'].includes(host)

/** Over SMTP, on connections that are kept. Options of nodemailer may stand in the query of the URL. */
async function openSmtp(url: string, from: Mailbox): Promise<MailTransport> {
  const { createTransport } = await import('nodemailer')
  const { protocol, username, hostname } = new URL(url)
  const smtp = createTransport({
    url,
    pool: true,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    // A password goes over no open line.
    ...(protocol === 'smtp:' && username !== '' && !isLoopback(hostname) ? { requireTLS: true } : {}),
  })
  return {
    send: async (mail) => void (await smtp.sendMail(messageOf(from, mail))),
    close: async () => smtp.close(),
  }
}

/** For development: each mail is a file that every mail reader opens, and a line in the log. */
async function openFolder(folder: string, from: Mailbox, log: Log): Promise<MailTransport> {
  const [{ createTransport }, { mkdir, writeFile }, { join }] = await Promise.all([
    import('nodemailer'),
    import('node:fs/promises'),
    import('node:path'),
  ])
  const composer = createTransport({ streamTransport: true, buffer: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return {
    async send(mail) {
      const { message } = await composer.sendMail(messageOf(from, mail))
      const file = join(folder, `${mail.id}.eml`)
      await writeFile(file, message as Buffer, { mode: 0o600 })
      // Where it is, not what it says: a log holds no token and no code.
      log.info({ to: mail.to, subject: mail.subject, file }, 'mail')
    },
    close: async () => {},
  }
}

/** Opens at the first mail: a server that sends none starts without the library. */
function lazily(open: () => Promise<MailTransport>): MailTransport {
  let opening: Promise<MailTransport> | undefined
  const opened = () => {
    opening ??= open()
    opening.catch(() => {
      opening = undefined
    })
    return opening
  }
  return {
    send: async (mail) => (await opened()).send(mail),
    close: async () => (await opening)?.close(),
  }
}

/**
 * The transport that the settings ask for (agents.md §15): `SMTP_URL`; without it a folder of files outside production, and
 * in production none.
 */
export function openMailTransport(config: Config, log: Log): MailTransport | null {
  const from = senderOf(config)
  const { SMTP_URL: url, NODE_ENV, DATA_DIR } = config
  if (url !== undefined) return lazily(() => openSmtp(url, from))
  return NODE_ENV === 'production' ? null : lazily(() => openFolder(`${DATA_DIR}/mails`, from, log))
}
