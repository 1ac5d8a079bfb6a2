import type { api } from '../api/client.ts'
import { bytesOf, textOf } from './base64url.ts'

type Options = Awaited<ReturnType<typeof api.passkeys.auth.start.mutate>>['challenge']
export type Assertion = Parameters<typeof api.passkeys.auth.finish.mutate>[0]['credential']

type Ask = { mediation?: CredentialMediationRequirement; signal?: AbortSignal }

/** Asks the authenticator to prove a passkey. @throws DOMException when the person cancels, or the signal does */
export async function provePasskey(options: Options, ask: Ask = {}): Promise<Assertion> {
  const { challenge, allowCredentials, ...rest } = options
  const publicKey: PublicKeyCredentialRequestOptions = {
    ...rest,
    challenge: bytesOf(challenge),
    ...(allowCredentials
      ? {
          allowCredentials: allowCredentials.map(({ id, type, transports }) => ({
            id: bytesOf(id),
            type,
            ...(transports ? { transports: transports as AuthenticatorTransport[] } : {}),
          })),
        }
      : {}),
  }
  const found = (await navigator.credentials.get({ publicKey, ...ask })) as PublicKeyCredential
  const response = found.response as AuthenticatorAssertionResponse
  return {
    id: found.id,
    rawId: textOf(found.rawId),
    type: found.type,
    authenticatorAttachment: found.authenticatorAttachment,
    clientExtensionResults: {},
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      userHandle: response.userHandle ? textOf(response.userHandle) : null,
    },
  }
}
