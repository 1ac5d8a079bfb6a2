import type { ErrorTable } from '../platform/errors.ts'

export const discoveryErrors = {
  unsupported_identity_type: {
    status: 400,
    message: 'This type of identity is not offered.',
    hint: 'The types are in agent_auth.identity_types_supported of /.well-known/oauth-authorization-server.',
  },
} as const satisfies ErrorTable
