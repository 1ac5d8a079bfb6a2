import type { api } from '../api/client.ts'
import { bytesOf, textOf } from './base64url.ts'

type Options = Awaited<ReturnType<typeof api.onboarding.data.mutate>>['challenge']
export type Registration = Parameters<typeof api.onboarding.register_passkey.mutate>[0]['credential']

const descriptor = ({
  id,
  type,
  transports,
}: Options['excludeCredentials'][number]): PublicKeyCredentialDescriptor => ({
  id: bytesOf(id),
  type,
  ...(transports ? { transports: transports as AuthenticatorTransport[] } : {}),
})

/** Asks the authenticator for a new passkey. @throws DOMException when the person cancels */
export async function makePasskey(options: Options): Promise<Registration> {
  const { challenge, user, excludeCredentials, extensions, ...rest } = options
  const publicKey: PublicKeyCredentialCreationOptions = {
    ...rest,
    challenge: bytesOf(challenge),
    user: { ...user, id: bytesOf(user.id) },
    excludeCredentials: excludeCredentials.map(descriptor),
    ...(extensions ? { extensions: extensions as AuthenticationExtensionsClientInputs } : {}),
  }
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
  const response = made.response as AuthenticatorAttestationResponse
  return {
    id: made.id,
    rawId: textOf(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment,
    clientExtensionResults: {},
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      transports: response.getTransports(),
    },
  }
}
