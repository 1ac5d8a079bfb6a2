import { z } from 'zod'
import { must } from './messages.ts'

// Control characters forge log lines and terminal output; bidirectional overrides forge what a person reads.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to refuse
const control = /[\u0000-\u001f\u007f-\u009f]/u
const bidirectional = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** Text of `min` to `max` characters without control characters, compared and stored exactly as it came. */
export const text = (min: number, max: number) =>
  z
    .string(must(`must be text of ${min} to ${max} characters`))
    .min(min, `must be ${min} to ${max} characters`)
    .max(max, `must be ${min} to ${max} characters`)
    .refine((value) => !control.test(value), 'must not hold control characters')

/** A name that people read: trimmed, and without characters that change how other text is shown. */
export const displayText = (min: number, max: number) =>
  z
    .string(must(`must be text of ${min} to ${max} characters`))
    .trim()
    .min(min, `must be ${min} to ${max} characters`)
    .max(max, `must be ${min} to ${max} characters`)
    .refine(
      (value) => !control.test(value) && !bidirectional.test(value),
      'must not hold control or direction characters',
    )

// One dot-atom local part and a host name: no quotes, comments or lists, in which a second address could hide (security 190).
const mailbox =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

/** One e-mail address of at most 254 characters (RFC 5321 §4.5.3.1), an internationalised host in its ASCII form. */
export const emailAddress = z
  .string(must('must be an e-mail address'))
  .max(254, 'must be at most 254 characters')
  .regex(mailbox, 'must be one e-mail address')
  .meta({ format: 'email', examples: ['agent@company.com'] })

/** An RFC 3339 time in UTC, as every answer writes it. */
export const timestamp = z.string().meta({ format: 'date-time', examples: ['2026-04-07T12:00:00.000Z'] })

/** A name that a caller sent, as it may stand in a message: short, and no half of a character cut in two. */
export const printable = (name: string): string =>
  name
    .slice(0, 64)
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '')
