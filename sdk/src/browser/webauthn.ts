/** Options and results of the authenticator as the API has them: binary values are unpadded base64url. */
type Json = Record<string, unknown>

const decode = (text: unknown): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(String(text).replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0))

/** Nothing for an absent value, and for an empty one: some authenticators answer a user handle of no bytes. */
const encode = (bytes: ArrayBuffer | null | undefined): string | undefined =>
  bytes?.byteLength
    ? btoa(String.fromCharCode(...new Uint8Array(bytes)))
        .replace(/\+/g, '-')
        .replace(/\//g, '_')
        .replace(/=/g, '')
    : undefined

/** For browsers without `parse…OptionsFromJSON` (WebAuthn §5.1.8, §5.1.9). All other members pass unchanged. */
function decodeOptions(options: Json): Json {
  const withId = (value: unknown): unknown => value && { ...(value as Json), id: decode((value as Json).id) }
  const withIds = (list: unknown): unknown => (list as Json[] | undefined)?.map(withId)
  return {
    ...options,
    challenge: decode(options.challenge),
    user: withId(options.user),
    excludeCredentials: withIds(options.excludeCredentials),
    allowCredentials: withIds(options.allowCredentials),
  }
}

/** Binary members of both kinds of response; each kind has its own of them. */
const binary = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']

/**
 * Asks the authenticator to make (`create`) or to use (`get`) a passkey, with the server's options. Rejects with the
 * browser's `DOMException`. The answer is written by hand rather than by `toJSON`, which adds members the API does not
 * know and which some password managers' credentials lack.
 */
export async function askAuthenticator(
  kind: 'create' | 'get',
  challenge: object,
  options: { mediation?: 'conditional'; signal: AbortSignal },
): Promise<Json> {
  const parse = kind === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON'
  const publicKey = PublicKeyCredential[parse]?.(challenge as never) ?? decodeOptions(challenge as Json)
  const credential = (await navigator.credentials[kind]({ ...options, publicKey } as never)) as PublicKeyCredential
  const response = credential.response as AuthenticatorAttestationResponse & Record<string, ArrayBuffer>
  // What the PRF extension results in is key material and never leaves the page.
  const { prf, ...results } = credential.getClientExtensionResults()
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response: {
      ...Object.fromEntries(binary.map((name) => [name, encode(response[name])])),
      transports: response.getTransports?.(),
    },
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: prf ? { ...results, prf: { enabled: prf.enabled } } : results,
  }
}
