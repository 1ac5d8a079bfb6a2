import type { ErrorTable } from '../platform/errors.ts'

export const claimErrors = {
  already_claimed: { status: 400, message: 'This tenant has been claimed.' },
  claim_required: {
    status: 403,
    message: 'This needs a tenant that a person has claimed.',
    hint: 'Show a person the claim_url, or ask for a code: POST /device/code with claim_token.',
    docs: '/auth.md',
  },
} as const satisfies ErrorTable
