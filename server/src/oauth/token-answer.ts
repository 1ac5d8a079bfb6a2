import { z } from 'zod'
import { KeyDelivery } from '../keys/setup.ts'

/** The answer of the token endpoint (RFC 6749 §5.1), with what the device grant adds (agents.md §3.2, §4.2). */
export const TokenAnswer = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.number().int(),
    refresh_token: z.string().optional().meta({ description: 'With `offline_access`; replaced at every use.' }),
    scope: z.string().optional().meta({ description: 'When it differs from what was asked.' }),
    ...KeyDelivery.partial().shape,
    claimed: z
      .literal(true)
      .optional()
      .meta({ description: 'Of a claim: the tenant has an owner now; the credentials that there are go on working.' }),
    tenantId: z.string().optional(),
    clientId: z.string().optional(),
    applicationId: z.string().optional(),
    limits: z.object({ maxUsers: z.number().int().nullable(), maxApps: z.number().int().nullable() }).optional(),
  })
  .meta({ id: 'TokenAnswer' })
