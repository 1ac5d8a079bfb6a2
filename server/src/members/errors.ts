import type { ErrorTable } from '../platform/errors.ts'

export const memberErrors = {
  member_not_found: { status: 404, message: 'Member not found.' },
  invitation_not_found: { status: 404, message: 'Invitation not found.' },
} as const satisfies ErrorTable
