import { domainToASCII } from 'node:url'
import { z } from 'zod'
import { must } from './messages.ts'

const refusal = must('must be one e-mail address')
const atom = /^[0-9a-z!#$%&'*+/=?^_`{|}~-]+(?:\.[0-9a-z!#$%&'*+/=?^_`{|}~-]+)*$/i
/** Names as they come, also such as no name server knows: what is wrong with them is not told. */
const name = /^[\p{L}\p{M}\p{N}_.-]{1,253}$/u

/** The domain as name servers know it, in lower case; a name that none knows stays as it is. */
const domainOf = (text: string): string => domainToASCII(text) || text.toLowerCase()

function split(address: string): { local: string; domain: string } | null {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at)
  const domain = address.slice(at + 1)
  return at > 0 && local.length <= 64 && atom.test(local) && name.test(domain) ? { local, domain } : null
}

/**
 * One mailbox, as it may be handed to a mail server: a plain local part and a domain (security 190). Lists, comments, quotes,
 * brackets, blanks and control characters are refused. In lower case, the domain in its ASCII form; nothing else is
 * changed, so that no two mailboxes become one (security 191).
 */
export const mailAddress = z
  .string(refusal)
  .max(254, 'must be at most 254 characters')
  .refine((address) => split(address) !== null, 'must be one e-mail address')
  .transform((address) => {
    const { local = '', domain = '' } = split(address) ?? {}
    return `${local.toLowerCase()}@${domainOf(domain)}`
  })
  .pipe(z.string().max(254, 'must be at most 254 characters'))
  .meta({ format: 'email', examples: ['agent@company.com'] })

/** Where dots in the local part mean nothing. */
const dotless = new Set(['gmail.com', 'googlemail.com'])

/** Where anybody gets a mailbox, and as many as they like. */
const freeMail = new Set(
  `gmail.com googlemail.com outlook.com outlook.de outlook.fr hotmail.com hotmail.co.uk hotmail.de hotmail.fr hotmail.it live.com
  live.co.uk msn.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.in ymail.com rocketmail.com aol.com
  icloud.com me.com mac.com proton.me protonmail.com pm.me gmx.com gmx.net gmx.de gmx.at gmx.ch web.de t-online.de mail.com
  mail.ru inbox.ru list.ru bk.ru yandex.ru yandex.com ya.ru rambler.ru qq.com 163.com 126.com sina.com foxmail.com naver.com
  daum.net hanmail.net zoho.com fastmail.com fastmail.fm tutanota.com tuta.com tuta.io hey.com orange.fr laposte.net free.fr
  libero.it wp.pl o2.pl onet.pl interia.pl seznam.cz abv.bg ukr.net rediffmail.com mailbox.org posteo.de cock.li
  mailinator.com guerrillamail.com 10minutemail.com temp-mail.org yopmail.com trashmail.com sharklasers.com maildrop.cc`.split(
    /\s+/,
  ),
)

/** Without the dot at the end of a full name: it leads to the same mailbox. */
const domainPart = (address: string): string => address.slice(address.lastIndexOf('@') + 1).replace(/\.+$/, '')

/**
 * The mailbox that an address leads to, for counting only (agents.md §13): without a tag behind `+`, and without dots where
 * the provider ignores them. Never an address to write to, or to find an account by.
 */
export function mailboxOf(address: string): string {
  const domain = domainPart(address)
  const [local = ''] = address.slice(0, address.lastIndexOf('@')).split('+', 1)
  if (!dotless.has(domain)) return `${local}@${domain}`
  return `${local.replaceAll('.', '')}@gmail.com`
}

/** The domain, where anybody gets a mailbox; null for the domain of a company or a person, which is counted by mailbox only. */
export function freeMailDomain(address: string): string | null {
  const domain = domainPart(address)
  return freeMail.has(domain) ? domain : null
}
