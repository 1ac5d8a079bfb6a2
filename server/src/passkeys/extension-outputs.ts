/** Client extension outputs worth keeping (WebAuthn L3 §10.1.3, §10.1.4, §10.1.5). Never a PRF result. */
export type ExtensionOutputs = {
  credProps?: { rk: boolean }
  prf?: { enabled: boolean }
  largeBlob?: { supported: boolean }
}

/** For each extension we know, the one member of its output that is kept. */
const kept = { credProps: 'rk', prf: 'enabled', largeBlob: 'supported' } as const

/**
 * Picks from `clientExtensionResults` what the ceremony asked for and what has the expected shape. The client makes
 * these outputs up as it likes, so anything else is ignored, not refused (WebAuthn L3 §7.1 step 19).
 */
export function readExtensionOutputs(sent: unknown, requested: readonly string[]): ExtensionOutputs {
  const outputs: Record<string, Record<string, boolean>> = {}
  for (const [extension, member] of Object.entries(kept)) {
    const value = requested.includes(extension) ? own(own(sent, extension), member) : undefined
    if (typeof value === 'boolean') outputs[extension] = { [member]: value }
  }
  return outputs
}

function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined
}
