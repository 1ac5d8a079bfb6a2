/** What the server's own pages share: calls of its API with the person's cookie, and passkeys. */

/** Where this server's addresses begin: its path, if `PUBLIC_URL` has one. */
export const base = new URL('..', import.meta.url).pathname.slice(0, -1)

/** A call that the server refused: `code` of the answer, its sentence, and the seconds to wait if it said so. */
export class Refused extends Error {
  constructor(status, code, message, retryAfter) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

/** @returns the data of the answer, in either dialect */
export async function call(method, path, body, headers = {}) {
  const answer = await fetch(base + path, {
    method,
    credentials: 'same-origin',
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const said = answer.status === 204 ? {} : await answer.json().catch(() => ({}))
  if (answer.ok) return said.data ?? said
  const { code, message } =
    typeof said.error === 'string' ? { code: said.error, message: said.error_description } : (said.error ?? {})
  const wait = Number(answer.headers.get('retry-after')) || undefined
  throw new Refused(answer.status, code ?? 'internal_error', message ?? 'Something went wrong.', wait)
}

export const post = (path, body, headers) => call('POST', path, body, headers)

const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))

const textOf = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** Asks the authenticator for an assertion. @returns AuthenticationResponseJSON */
export async function assertion({ allowCredentials, challenge, ...options }) {
  const publicKey = {
    ...options,
    challenge: bytesOf(challenge),
    ...(allowCredentials ? { allowCredentials: allowCredentials.map((one) => ({ ...one, id: bytesOf(one.id) })) } : {}),
  }
  const { id, rawId, type, response, authenticatorAttachment } = await navigator.credentials.get({ publicKey })
  return {
    id,
    rawId: textOf(rawId),
    type,
    ...(authenticatorAttachment ? { authenticatorAttachment } : {}),
    clientExtensionResults: {},
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      ...(response.userHandle ? { userHandle: textOf(response.userHandle) } : {}),
    },
  }
}

/** Asks the authenticator for a new passkey. @returns RegistrationResponseJSON */
export async function creation({ challenge, user, excludeCredentials, ...options }) {
  const publicKey = {
    ...options,
    challenge: bytesOf(challenge),
    user: { ...user, id: bytesOf(user.id) },
    excludeCredentials: excludeCredentials.map((one) => ({ ...one, id: bytesOf(one.id) })),
  }
  const { id, rawId, type, response, authenticatorAttachment } = await navigator.credentials.create({ publicKey })
  return {
    id,
    rawId: textOf(rawId),
    type,
    ...(authenticatorAttachment ? { authenticatorAttachment } : {}),
    clientExtensionResults: {},
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      transports: response.getTransports(),
    },
  }
}

const fact = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? ''

/** Signs the person in to this server with one of their passkeys. */
export async function signIn() {
  const key = { authorization: `Bearer ${fact('publishable-key')}` }
  const { session_id, challenge } = await post('/v1/passkeys/auth/start', {}, key)
  const credential = await assertion(challenge)
  const { session_token } = await post('/v1/passkeys/auth/finish', { session_id, credential }, key)
  await post('/v1/dashboard/session', { session_token })
}

/** Signs somebody up on the hosted page, which leads back to where they were. */
export async function signUp(returnPath) {
  const return_url = new URL(returnPath, location.origin).href
  const { hosted_url } = await post('/v1/onboarding/start', { user_role: 'maintainer', return_url })
  location.assign(hosted_url)
}

export const signOut = () => call('DELETE', '/v1/dashboard/session')

/** A refusal in a sentence for the person. */
export function sentence(error) {
  if (error instanceof Refused) {
    if (error.status === 429 && error.retryAfter) {
      return `Too many attempts. Try again in ${Math.ceil(error.retryAfter / 60)} minutes.`
    }
    return error.message
  }
  if (error.name === 'SecurityError') return 'This browser cannot use a passkey of that site on this page.'
  if (error.name === 'InvalidStateError') return 'There is a passkey for this on the device already.'
  if (error instanceof DOMException) return 'Cancelled, or no passkey was found. Nothing was changed.'
  return 'The server could not be reached. Try again.'
}
