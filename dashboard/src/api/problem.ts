import { TRPCClientError } from '@trpc/client'
import type { AppRouter } from '../../../server/src/router.ts'

/** What went wrong, in words for a person; `fields` says it of single members of the input. */
export type Problem = {
  code: string
  message: string
  hint?: string
  fields: Readonly<Record<string, string>>
}

/** Said by `App`, which shows the sign-in again. */
export const sessionEnded = new EventTarget()

const away: Problem = {
  code: 'unreachable',
  message: 'The server could not be reached. Check your connection and try again.',
  fields: {},
}

const cancelled: Problem = {
  code: 'cancelled',
  message: 'The passkey prompt was cancelled, timed out, or no passkey fits. Nothing was changed.',
  fields: {},
}

const known: Problem = {
  code: 'already_registered',
  message: 'This device already holds a passkey for this account. Sign in with it instead.',
  fields: {},
}

type Detail = { path: string; message: string }
const isDetail = (value: unknown): value is Detail =>
  typeof value === 'object' && value !== null && 'path' in value && 'message' in value

/** `allowed_origins.0: must be https` reads like a sentence beside its field. */
const sentence = (text: string): string =>
  text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')

type Said = { code: string; message: string; details?: unknown; hint?: string | undefined }

/** A refusal of an address that is not called through tRPC. */
export class Refused extends Error {
  readonly said: Said
  constructor(said: Said) {
    super(said.message)
    this.said = said
  }
}

/** What the server said, however it was asked; null when it said nothing. */
function saidIn(thrown: unknown): Said | null {
  if (thrown instanceof Refused) return thrown.said
  if (!(thrown instanceof TRPCClientError)) return null
  const { data, message } = thrown as TRPCClientError<AppRouter>
  return data ? { ...data, message } : null
}

/** Puts whatever was thrown into words. A session that has ended is also announced. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof DOMException) {
    if (thrown.name === 'InvalidStateError') return known
    return thrown.name === 'SecurityError'
      ? { ...cancelled, message: 'This address cannot be used for passkeys. Open the dashboard at its own address.' }
      : cancelled
  }
  const said = saidIn(thrown)
  if (!said) return away
  if (said.code === 'unauthorized') sessionEnded.dispatchEvent(new Event('ended'))
  const details: Detail[] = Array.isArray(said.details) ? said.details.filter(isDetail) : []
  const isOfFields = details.length > 0 && said.code === 'validation_error'
  return {
    code: said.code,
    message: isOfFields ? `Not accepted. ${sentence(details[0]?.message ?? '')}` : sentence(said.message),
    ...(said.hint ? { hint: said.hint } : {}),
    fields: Object.fromEntries(details.map((detail) => [detail.path, sentence(detail.message)])),
  }
}
