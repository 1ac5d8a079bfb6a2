import type { Config } from '../config.ts'
import { DEVICE_GRANT } from '../device/token.ts'

/** What this server really answers: discovery says nothing else (agents.md §8.2). */
export type Served = {
  /** Base of every link; never built from a request. */
  issuer: string
  /** `POST /oauth/token` and the like. */
  has(route: string): boolean
  /** Grants of the token endpoint. */
  grants: readonly string[]
}

type Settings = Pick<Config, 'PUBLIC_URL' | 'NODE_ENV' | 'SMTP_URL' | 'DEVICE_FLOW' | 'DYNAMIC_REGISTRATION'>

/**
 * @param routes what is mounted
 * @param grants what the token endpoint knows
 * @param settings which may switch single ones off
 */
export function servedBy(routes: Iterable<string>, grants: readonly string[], settings: Settings): Served {
  const mounted = new Set(routes)
  if (!settings.DEVICE_FLOW) {
    mounted.delete('POST /device/code')
    mounted.delete('POST /device/token')
  }
  if (!settings.DYNAMIC_REGISTRATION) mounted.delete('POST /oauth/register')
  // Without a transport, mails go to the log while developing, and registration answers 503 in production.
  if (settings.NODE_ENV === 'production' && !settings.SMTP_URL) mounted.delete('POST /api/agents/register')
  return {
    issuer: settings.PUBLIC_URL,
    has: (route) => mounted.has(route),
    grants: grants.filter((grant) => grant !== DEVICE_GRANT || settings.DEVICE_FLOW),
  }
}
