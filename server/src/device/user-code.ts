import { randomText } from '../platform/secrets.ts'

/** 20 letters that make no words and look like no digit (RFC 8628 §6.1). */
export const userCodeAlphabet = 'BCDFGHJKLMNPQRSTVWXZ'
export const userCodeLength = 8

/** A new code, without its hyphen: each of 20⁸ is as likely. */
export const newUserCode = (): string => randomText(userCodeLength, userCodeAlphabet)

/** As people read it: `WDJB-MJHT`. */
export const formatUserCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`

const separators = /[^\p{L}\p{N}]/gu
const whole = new RegExp(`^[${userCodeAlphabet}]{${userCodeLength}}$`)

/**
 * What somebody typed, as it is compared: upper case, without spaces, hyphens and the like. Letters and digits outside the
 * alphabet are not dropped, since no code has them: whoever reads an O or a 1 is told so, and is not taken for guessing.
 * @returns null for what is no code
 */
export function normaliseUserCode(typed: string): string | null {
  const code = typed.slice(0, 64).toUpperCase().replace(separators, '')
  return whole.test(code) ? code : null
}
