import type { ApiCall } from './call.ts'
import { camel } from './camel.ts'
import { type Ceremony, exclusively } from './ceremony.ts'
import { attempt, type Result } from './error.ts'
import { everyPage } from './every-page.ts'
import type { AddedPasskey, AddPasskeyOptions, Passkey, PasskeyOptions, SessionOptions } from './results.ts'

export type PasskeyMethods = {
  /** Adds a passkey to the signed-in user. */
  add(options: AddPasskeyOptions): Promise<Result<AddedPasskey>>
  list(options: SessionOptions): Promise<Result<Passkey[]>>
  rename(options: PasskeyOptions & { alias: string }): Promise<Result<Passkey>>
  /** The last passkey of a user cannot be removed: `LAST_PASSKEY`. */
  remove(options: PasskeyOptions): Promise<Result<void>>
}

export function passkeyMethods(call: ApiCall, ceremony: Ceremony): PasskeyMethods {
  return {
    add: (options) =>
      exclusively(options.signal, async (signal) => {
        const { credentialId, status } = await ceremony('register', { ...options, signal })
        return { credentialId, status }
      }),
    list: ({ sessionToken: token, signal }) =>
      attempt(() => everyPage(call, 'GET /v1/passkeys', { token, signal }), signal),
    rename: ({ sessionToken: token, credentialId: id, alias, signal }) =>
      attempt(
        async () => camel(await call('PATCH /v1/passkeys/{credential_id}', { id, token, input: { alias }, signal })),
        signal,
      ),
    remove: ({ sessionToken: token, credentialId: id, signal }) =>
      attempt(() => call('DELETE /v1/passkeys/{credential_id}', { id, token, signal }), signal),
  }
}
