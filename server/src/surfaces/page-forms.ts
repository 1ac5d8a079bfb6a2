import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { randomText } from '../platform/secrets.ts'

const cookieName = '__Host-tm_form'
const pattern = new RegExp(`(?:^|;\\s*)${cookieName}=([0-9A-Za-z]{43})(?=;|$)`)

const nonceOf = (request: FastifyRequest): string | null => pattern.exec(request.headers.cookie ?? '')?.[1] ?? null

const fieldOf = ({ secrets }: Deps, nonce: string): Buffer => secrets.hash(`form ${nonce}`)

/**
 * Gives a page's form what only this browser can send back: a cookie that no other site sets or reads, and its keyed hash
 * for the field `csrf`. Several tabs share the cookie.
 */
export function openForm(deps: Deps, request: FastifyRequest, reply: FastifyReply): string {
  const known = nonceOf(request)
  const nonce = known ?? randomText(43)
  if (!known) reply.header('set-cookie', `${cookieName}=${nonce}; Path=/; Secure; HttpOnly; SameSite=Strict`)
  return fieldOf(deps, nonce).toString('base64url')
}

/**
 * Refuses a form that another site made the browser send. `Origin` is `null` from pages that send no referrer, so it can
 * only speak against, never for.
 * @param csrf the form's field
 * @throws 403 forbidden
 */
export function checkForm(deps: Deps, request: FastifyRequest, csrf: unknown): void {
  const { origin } = request.headers
  const site = request.headers['sec-fetch-site']
  const isForeign =
    (origin !== undefined && origin !== 'null' && origin !== deps.config.PUBLIC_ORIGIN) ||
    (site !== undefined && site !== 'same-origin')
  const nonce = nonceOf(request)
  const field = typeof csrf === 'string' ? Buffer.from(csrf, 'base64url') : null
  if (isForeign || nonce === null || !deps.secrets.matches(`form ${nonce}`, field)) {
    throw new ApiError('forbidden', {
      message: 'This form is not one of this page, or it is too old.',
      hint: 'Open the page again.',
    })
  }
}
