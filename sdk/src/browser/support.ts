export type Capabilities = {
  isPasskeySupported: boolean
  /** This device can make passkeys itself, with a fingerprint, a face or a PIN. */
  platformAuthenticatorAvailable: boolean
  /** Passkeys can be offered in a form's autofill. */
  conditionalUi: boolean
  recommendedFlow: 'passkey' | 'fallback'
}

/** True where the page can ask for passkeys: a browser that knows them, on https or localhost. */
export function isSupported(): boolean {
  return typeof PublicKeyCredential === 'function' && !!globalThis.navigator?.credentials
}

const ask = async (question: (() => Promise<boolean>) | undefined): Promise<boolean> => {
  try {
    return (await question?.call(PublicKeyCredential)) ?? false
  } catch {
    return false
  }
}

/** True where a sign-in with `mediation: 'conditional'` will work. */
export async function conditionalUi(): Promise<boolean> {
  return isSupported() && (await ask(PublicKeyCredential.isConditionalMediationAvailable))
}

/** What this browser and device can do. Never throws. */
export async function capabilities(): Promise<Capabilities> {
  const isPasskeySupported = isSupported()
  const platformAuthenticatorAvailable =
    isPasskeySupported && (await ask(PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable))
  return {
    isPasskeySupported,
    platformAuthenticatorAvailable,
    conditionalUi: await conditionalUi(),
    recommendedFlow: platformAuthenticatorAvailable ? 'passkey' : 'fallback',
  }
}
