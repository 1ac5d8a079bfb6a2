import type { ErrorTable } from '../platform/errors.ts'

export const applicationErrors = {
  application_not_found: { status: 404, message: 'Application not found.' },
  application_rotation_not_allowed: { status: 403, message: 'This caller may not rotate secrets.' },
  origin_not_allowed: {
    status: 404,
    message: 'This origin may not use this publishable key.',
    hint: 'Check the publishable key, and add the origin to allowed_origins with PATCH /v1/applications/{id}.',
    docs: '/docs#tag/applications',
  },
  rp_id_in_use: {
    status: 409,
    message: 'Passkeys of the current rp_id exist and would stop working.',
    hint: 'Send confirm_rp_id_change: true to change it all the same.',
  },
  webhook_not_configured: {
    status: 409,
    message: 'The application has no webhook.',
    hint: 'Set webhook_url with PATCH /v1/applications/{id} first.',
  },
  invalid_state: { status: 409, message: 'The present state does not allow that.' },
} as const satisfies ErrorTable
