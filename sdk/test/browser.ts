import { vi } from 'vitest'

const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer

export type Asked = {
  kind: 'create' | 'get'
  options: { publicKey: Record<string, unknown>; mediation?: string; signal: AbortSignal }
}

export type Browser = {
  /** What `navigator.credentials` was asked. */
  asked: Asked[]
  /** How the authenticator answers from now on. */
  answer(how: (asked: Asked) => unknown): void
}

/** A passkey's answer to `create`, with key material in its extension results. */
export const attestation = {
  id: 'Y3JlZA',
  rawId: bytes('cred'),
  type: 'public-key',
  authenticatorAttachment: 'platform',
  response: {
    clientDataJSON: bytes('client data?>'),
    attestationObject: bytes('attestation'),
    getTransports: () => ['internal', 'hybrid'],
  },
  getClientExtensionResults: () => ({
    credProps: { rk: true },
    prf: { enabled: true, results: { first: bytes('key') } },
  }),
}

/** A passkey's answer to `get`, of an authenticator that tells as little as it may. */
export const assertion = {
  id: 'Y3JlZA',
  rawId: bytes('cred'),
  type: 'public-key',
  authenticatorAttachment: null,
  response: {
    clientDataJSON: bytes('client data'),
    authenticatorData: bytes('data'),
    signature: bytes('sig'),
    userHandle: new ArrayBuffer(0),
  },
  getClientExtensionResults: () => ({}),
}

export type BrowserOptions = { conditional?: boolean; platform?: boolean; parses?: boolean }

/**
 * Puts WebAuthn into the global scope. With `parses` the browser has `parse…OptionsFromJSON`, which here only mark
 * what they were given. Undone by `vi.unstubAllGlobals`.
 */
export function stubBrowser({ conditional = true, platform = true, parses = false }: BrowserOptions = {}): Browser {
  const asked: Asked[] = []
  let how: (asked: Asked) => unknown = ({ kind }) => (kind === 'create' ? attestation : assertion)
  const ask = (kind: Asked['kind']) => async (options: Asked['options']) => {
    const entry = { kind, options }
    asked.push(entry)
    return how(entry)
  }
  const parse = (options: object) => ({ parsed: true, ...options })
  const statics = {
    isConditionalMediationAvailable: async () => conditional,
    isUserVerifyingPlatformAuthenticatorAvailable: async () => platform,
    ...(parses ? { parseCreationOptionsFromJSON: parse, parseRequestOptionsFromJSON: parse } : {}),
  }
  vi.stubGlobal(
    'PublicKeyCredential',
    Object.assign(function PublicKeyCredential() {}, statics),
  )
  vi.stubGlobal('navigator', { credentials: { create: ask('create'), get: ask('get') } })
  return {
    asked,
    answer: (next) => {
      how = next
    },
  }
}

/** Waits as a prompt does until its signal aborts, and then rejects as browsers do: with the signal's reason. */
export const prompt = ({ options }: Asked): Promise<never> =>
  new Promise((_, reject) => options.signal.addEventListener('abort', () => reject(options.signal.reason)))
