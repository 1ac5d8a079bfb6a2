import type { ErrorTable } from '../platform/errors.ts'

export const userErrors = {
  user_not_found: { status: 404, message: 'User not found.' },
  user_exists: { status: 409, message: 'A user with this external_user_id exists already.' },
  identity_link_email_already_taken_in_tenant: { status: 409, message: 'Another user has this e-mail address.' },
  session_custom_claim_not_whitelisted: {
    status: 400,
    message: 'A custom claim is not allowed by the custom_claims_schema.',
  },
  session_custom_claims_limit_exceeded: {
    status: 400,
    message: 'There are too many custom claims, or they are too large.',
  },
} as const satisfies ErrorTable
