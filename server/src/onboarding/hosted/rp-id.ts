import type { HotApplication } from '../../applications/hot.ts'
import { hostOf, isRegistrableSuffix } from '../../applications/origins.ts'
import { isHeard } from '../../applications/related-origins.ts'
import { invalid } from '../../platform/errors.ts'

/**
 * The RP ID of a passkey that the hosted page makes: the one that the application's own pages use, or the passkey would
 * be of no use there. Browsers let a page of ours use it only if it is our host or a registrable suffix of it (WebAuthn
 * L3 §5.1.3 step 8), or if `https://<rp_id>/.well-known/webauthn` lists our origin (§5.11), which the application's
 * `related_origins` stand for. Whether that document is really served there is seen by the person's browser alone.
 * @param origin the application's page that began the sign-up
 * @param own origin of the hosted page
 * @throws 400 validation_error naming rp_id
 */
export function hostedRpId({ settings }: Pick<HotApplication, 'settings'>, origin: string, own: string): string {
  const rpId = settings.rp_id ?? hostOf(origin)
  if (isRegistrableSuffix(rpId, hostOf(own))) return rpId
  // Related origins are asked for over https on the default port, of a host that the application names.
  if (settings.rp_id !== null && own.startsWith('https://') && isHeard(settings.related_origins, own)) return rpId
  throw invalid(
    'rp_id',
    `passkeys of ${rpId} cannot be made on ${own}`,
    `Set rp_id to a domain that ${hostOf(own)} belongs to; or set rp_id, add ${own} to related_origins, and let https://<rp_id>/.well-known/webauthn list it.`,
  )
}
