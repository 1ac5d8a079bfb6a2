import type { Served } from './served.ts'

/** The ways to credentials, in the order in which an agent should try them. */
const methods = [
  { type: 'anonymous', route: 'POST /v1/onboarding/ai' },
  { type: 'device_authorization', route: 'POST /device/code' },
  { type: 'email', route: 'POST /api/agents/register' },
] as const

const pathOf = (route: string): string => route.slice(route.indexOf(' ') + 1)

/** The `agent_auth` member of the metadata (agents.md §12): what an agent can do here, and only what answers. */
export function agentAuth({ issuer, has }: Served) {
  const types = {
    anonymous: has('POST /v1/onboarding/ai') ? { credential_types_supported: ['client_credentials'] } : null,
    service_auth: has('POST /api/agents/register') ? { credential_types_supported: ['api_key'] } : null,
  }
  const known = Object.entries(types).filter(([, facts]) => facts !== null)
  return {
    skill: `${issuer}/auth.md`,
    ...(has('POST /agent/identity') ? { identity_endpoint: `${issuer}/agent/identity` } : {}),
    ...(has('POST /agent/identity/claim') && has('POST /device/code')
      ? { claim_endpoint: `${issuer}/agent/identity/claim` }
      : {}),
    identity_types_supported: known.map(([type]) => type),
    ...Object.fromEntries(known),
    methods: methods
      .filter(({ route }) => has(route))
      .map(({ type, route }) => ({ type, endpoint: `${issuer}${pathOf(route)}` })),
  }
}
