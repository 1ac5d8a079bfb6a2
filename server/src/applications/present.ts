import type { z } from 'zod'
import { toIso } from '../platform/time.ts'
import { type Application, readSettings } from './settings.ts'

type Row = {
  id: string
  tenantId: string
  clientId: string
  name: string
  status: string
  allowedOrigins: readonly string[]
  settings: unknown
  createdAt: Date
  updatedAt: Date
}

/** An application as every answer shows it. */
export function present(row: Row, plan: string): z.input<typeof Application> {
  const settings = readSettings(row.settings)
  return {
    id: row.id,
    tenant_id: row.tenantId,
    client_id: row.clientId,
    publishable_key: row.clientId,
    name: row.name,
    status: row.status === 'suspended' ? 'suspended' : 'active',
    plan,
    created_at: toIso(row.createdAt),
    updated_at: toIso(row.updatedAt),
    allowed_origins: [...row.allowedOrigins],
    ...settings,
    display_name: settings.display_name ?? row.name,
  }
}
