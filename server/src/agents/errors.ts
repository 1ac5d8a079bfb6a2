import type { ErrorTable } from '../platform/errors.ts'

export const agentErrors = {
  agent_not_found: { status: 404, message: 'Agent not found.' },
  invalid_token: { status: 400, message: 'This is not a verification token.', hint: 'Ask for another mail.' },
  token_used: {
    status: 410,
    message: 'This verification token has been used.',
    hint: 'Its secret key was shown once. Ask for another mail.',
  },
  token_expired: {
    status: 410,
    message: 'This verification token is older than 24 hours.',
    hint: 'Ask for another mail.',
  },
  registration_secret_required: {
    status: 401,
    message: 'The registration secret is missing or wrong.',
    hint: 'Send the registration_secret that the registration answered.',
  },
  too_many_attempts: {
    status: 429,
    message: 'Too many failed attempts; wait before trying again.',
  },
} as const satisfies ErrorTable
