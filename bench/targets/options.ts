import type { StoredPasskey } from '../authenticator.ts'

export type StoreKind = 'pg' | 'pglite' | 'sqlite'

/** What the benchmark tells a server, as JSON in its first argument. */
export type TargetOptions = {
  port: number
  store?: StoreKind
  /** `postgres://` URL, or the folder of an embedded database. */
  database?: string
  rpId?: string
  origin?: string
  passkeys?: StoredPasskey[]
}

export const options = JSON.parse(process.argv[2] ?? '{"port":0}') as TargetOptions

/** The site's settings, which every passkey server is given. */
export function site(): { rpId: string; origin: string; passkeys: StoredPasskey[] } {
  const { rpId, origin, passkeys } = options
  if (!rpId || !origin || !passkeys) throw new Error('rpId, origin and passkeys are needed')
  return { rpId, origin, passkeys }
}

// A clean exit lets --cpu-prof write its file.
process.on('SIGTERM', () => process.exit(0))
