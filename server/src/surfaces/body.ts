import { isUtf8 } from 'node:buffer'
import { ApiError } from '../platform/errors.ts'
import { printable } from '../platform/text.ts'

export const MAX_BODY_BYTES = 65_536
export const MAX_DEPTH = 32

export type BodyOptions = {
  /** Bytes; default 64 KiB (http-api.md §2.2). */
  maxBytes?: number
  /** Refuses arrays, strings, numbers, booleans and null at the top. */
  object?: boolean
}

const refuse = (message: string): ApiError => new ApiError('validation_error', { message })

/** What no database text may hold: PostgreSQL has no NUL, UTF-8 no lone surrogate. */
const isStorable = (text: string): boolean => !text.includes('\0') && !/\p{Surrogate}/u.test(text)

/**
 * Refuses text that cannot be stored: NUL characters and lone surrogates (security 216). For strings that do not come
 * through a body, such as query and path parameters; `name` stands in the message.
 * @throws 400 validation_error
 */
export function checkText(name: string, text: string): void {
  if (isStorable(text)) return
  const path = printable(name)
  const message = 'must not contain NUL characters or lone surrogates'
  throw new ApiError('validation_error', { message: `${path}: ${message}`, details: [{ path, message }] })
}

function decode(bytes: Buffer, maxBytes: number): string {
  if (bytes.length > maxBytes) throw new ApiError('payload_too_large')
  if (!isUtf8(bytes)) throw refuse('The body is not valid UTF-8.')
  return bytes.toString('utf8')
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const LETTER_U = 0x75

/**
 * One pass over the bytes, before anything is built from them: nesting, and how many members the objects have. Bytes
 * of a multi-byte character are all above 0x7f, so none is mistaken. Counts mean something only if the text is JSON.
 */
function scan(bytes: Buffer): { depth: number; members: number; escaped: boolean } {
  let open = 0
  let depth = 0
  let members = 0
  let escaped = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) {
        if (bytes[at] !== BACKSLASH) continue
        at++
        if (bytes[at] === LETTER_U) escaped = true
      }
    } else if (byte === COLON) members++
    else if (byte === 0x7b || byte === 0x5b) {
      open++
      if (open > depth) depth = open
    } else if (byte === 0x7d || byte === 0x5d) open--
  }
  return { depth, members, escaped }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/**
 * Walks what JSON.parse built and counts its members. A key that came twice has become one, so a count below the
 * text's betrays it, escaped spellings included.
 */
function inspect(value: unknown, escaped: boolean): number {
  if (typeof value === 'string') {
    // Raw NUL is refused by JSON.parse and raw surrogates by UTF-8: only escapes can smuggle them in.
    if (escaped && !isStorable(value)) throw refuse('The body contains NUL characters or lone surrogates.')
    return 0
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw refuse('The body contains a number that is too large.')
  if (!isObject(value)) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += inspect(item, escaped)
    return members
  }
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (key === '__proto__' || (key === 'constructor' && isObject(member) && Object.hasOwn(member, 'prototype'))) {
      throw refuse('The body contains a key that is not allowed.')
    }
    members += 1 + inspect(member, escaped)
    if (escaped) inspect(key, escaped)
  }
  return members
}

/**
 * Strict JSON (RFC 8259; security 106, 215 to 217): UTF-8 only, at most 32 levels deep, no key twice in one object, no
 * `__proto__` or `constructor.prototype`, no NUL, no lone surrogate, no number beyond a double. Linear in time and memory.
 * An empty body is not valid JSON; a route that may be called without one looks at the length first.
 * @throws 400 validation_error with a sentence of ours; 413 payload_too_large
 */
export function parseJsonBody(bytes: Buffer, options: BodyOptions = {}): unknown {
  const text = decode(bytes, options.maxBytes ?? MAX_BODY_BYTES)
  if (text === '') throw refuse('The body is empty.')
  const { depth, members, escaped } = scan(bytes)
  if (depth > MAX_DEPTH) throw refuse(`The body is nested more than ${MAX_DEPTH} levels deep.`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The library's message quotes the body, which may hold a secret: it goes nowhere, not even to the log.
    throw refuse('The body is not valid JSON.')
  }
  if (inspect(value, escaped) !== members) throw refuse('The body contains an object with the same key twice.')
  if (options.object && (!isObject(value) || Array.isArray(value))) throw refuse('The body must be a JSON object.')
  return value
}

function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw refuse('The body contains malformed percent-encoding.')
  }
}

/**
 * `application/x-www-form-urlencoded` as OAuth wants it: a parameter without a value counts as omitted (RFC 6749 §3.1),
 * one that is sent twice is refused (§3.2), malformed percent-encoding too.
 * @returns an object without prototype, so that no name reaches one
 * @throws 400 validation_error; 413 payload_too_large
 */
export function parseFormBody(bytes: Buffer, options: BodyOptions = {}): Record<string, string> {
  const text = decode(bytes, options.maxBytes ?? MAX_BODY_BYTES)
  const form: Record<string, string> = Object.create(null)
  const seen = new Set<string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decodeComponent(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decodeComponent(pair.slice(equals + 1))
    if (!isStorable(name) || !isStorable(value)) throw refuse('The body contains NUL characters.')
    if (seen.has(name)) throw refuse(`The parameter ${printable(name)} was sent twice.`)
    seen.add(name)
    if (value !== '') form[name] = value
  }
  return form
}

// RFC 9110 §8.3.1: type/subtype, then at most one parameter, charset, which never changes how we decode.
const contentType =
  /^([\w!#$&^.+-]+\/[\w!#$&^.+-]+)[ \t]*(?:;[ \t]*(?:charset=(?:[\w!#$%&'*+.^`|~-]+|"[\w!#$%&'*+.^`|~-]+")[ \t]*)?)?$/i

/**
 * Reads `Content-Type`. Any charset is accepted and ignored, as JSON has only one (RFC 8259 §8.1, http-api.md §2.2); any
 * other parameter, a second one or a malformed header is not `ok`, so that no spelling is parsed by one rule and
 * checked by another (security 215). The caller compares `type` and answers 415 when `ok` is false.
 */
export function mediaType(header: string | undefined): { type: string; ok: boolean } {
  const match = header !== undefined && header.length <= 256 ? contentType.exec(header) : null
  return match?.[1] ? { type: match[1].toLowerCase(), ok: true } : { type: '', ok: false }
}
