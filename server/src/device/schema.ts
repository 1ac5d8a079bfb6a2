import { z } from 'zod'
import { timestamp } from '../platform/text.ts'

/** A flag of a form or of JSON. */
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])])
  .transform((value) => value === true || value === 'true')
  .optional()

export const DeviceCode = z
  .object({
    device_code: z.string().meta({ description: 'To poll with; for the program only.' }),
    user_code: z.string().meta({ examples: ['WDJB-MJHT'] }),
    verification_uri: z.string().meta({ format: 'uri' }),
    verification_uri_complete: z.string().meta({ format: 'uri' }),
    expires_in: z.number().int(),
    interval: z.number().int().meta({ description: 'Seconds between polls.' }),
    qr_code: z.string().meta({ description: 'For a terminal: `verification_uri_complete` in half blocks.' }),
  })
  .meta({ id: 'DeviceCode' })

/** What the approval page shows. Names are the program's own words. */
export const DeviceRequest = z
  .object({
    user_code: z.string(),
    agent_name: z.string().nullable().meta({ description: 'What it calls itself; verified by nobody.' }),
    client_name: z.string().nullable().meta({ description: 'Of an application’s own client.' }),
    scopes: z.array(z.object({ scope: z.string(), about: z.string() })),
    choices: z
      .array(z.object({ scope: z.string(), about: z.string() }))
      .meta({ description: 'Single scopes that it covers, to leave some out.' }),
    ip_address: z.string(),
    same_network: z.boolean(),
    requested_at: timestamp,
    expires_in: z.number().int(),
    claim: z
      .object({
        tenant_name: z.string(),
        application_name: z.string(),
        users: z.number().int(),
        created_at: timestamp,
        created_from: z.string().nullable(),
      })
      .nullable(),
    account: z.object({ name: z.string().nullable(), person: z.string().nullable() }),
    applications: z.array(z.object({ id: z.string(), name: z.string() })),
    csrf_token: z.string(),
  })
  .meta({ id: 'DeviceRequest' })

export const UserCode = z
  .string()
  .max(64, 'must be at most 64 characters')
  .meta({ description: 'As typed: case, spaces and hyphens do not matter.', examples: ['WDJB-MJHT'] })
