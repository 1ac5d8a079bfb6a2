import type { HotApplication } from '../applications/hot.ts'
import type { Claims } from '../users/custom-claims.ts'

/** What a finish reads of its user, in the columns of `signedInColumns`. */
export type SignedInRow = {
  user_id: string
  external_user_id: string | null
  metadata: Claims
  custom_claims: Claims
  /** The address proven first; an unproven one may be somebody else's. */
  email: string | null
}

/** Columns of a user `u`, read in the statement that finds it. */
export const signedInColumns = `u.id as user_id, u.external_user_id, u.metadata, u.custom_claims,
  (select i.value from identifiers i where i.tenant_id = u.tenant_id and i.user_id = u.id and i.type = 'email' and i.verified
   order by i.linked_at, i.id limit 1) as email`

/** The user as both finishes show it (http-api.md §3.7). */
export const signedInUser = (user: SignedInRow) => ({
  user_id: user.user_id,
  external_user_id: user.external_user_id,
  is_anonymous: user.external_user_id === null,
  ...(user.email === null ? {} : { email: user.email }),
  ...(Object.keys(user.metadata).length > 0 ? { metadata: user.metadata } : {}),
})

/** Only a URL that the application lists, letter for letter, comes back: no open redirect (security 228). */
export const redirect = (application: HotApplication, url: string | undefined) =>
  url !== undefined && application.settings.success_urls.includes(url) ? { redirect_url: url } : {}
