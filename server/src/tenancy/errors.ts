import type { ErrorTable } from '../platform/errors.ts'

export const tenancyErrors = {
  tenant_not_found: { status: 404, message: 'Tenant not found.' },
} as const satisfies ErrorTable
