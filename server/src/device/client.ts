import type { HotApplication } from '../applications/hot.ts'
import { findOauthClient, type OauthClient } from '../clients/client.ts'
import { requireOauthClient } from '../oauth/registered-client.ts'
import {
  AGENT_CLIENT_ID,
  type ClientParameters,
  namedClient,
  provesNothing,
  requireClient,
} from '../oauth/request-client.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'

/** RFC 8628 §3.4. */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** Who asks for a device code, and later polls with it. */
export type DeviceClient = {
  clientId: string
  /** As the approval page shows it, unverified; null for the built-in client, which says nothing. */
  name: string | null
  /** Behind an application's own client, which only members of its account may approve. */
  application: HotApplication | null
  /** A client that registered itself, or the one of a metadata document. */
  registered: OauthClient | null
}

/**
 * The client of a device request: the built-in one where none is named, else one that authenticates as at the token
 * endpoint (RFC 8628 §3.1, §3.4).
 * @throws 401 invalid_client; 400 unauthorized_client where the flow is switched off for the server or the application, or
 *   the client did not register for it
 */
export async function requireDeviceClient(ctx: Ctx, input: ClientParameters): Promise<DeviceClient> {
  if (!ctx.deps.config.DEVICE_FLOW) throw new ApiError('unauthorized_client')
  const id = namedClient(ctx, input)
  if ((id ?? AGENT_CLIENT_ID) === AGENT_CLIENT_ID && provesNothing(ctx, input)) {
    return { clientId: AGENT_CLIENT_ID, name: null, application: null, registered: null }
  }
  const registered = id === undefined ? null : await findOauthClient(ctx, id)
  if (registered) {
    const client = await requireOauthClient(ctx, input)
    if (!client.grantTypes.includes(DEVICE_GRANT)) throw new ApiError('unauthorized_client')
    return { clientId: client.id, name: client.name ?? client.id, application: null, registered: client }
  }
  const application = await requireClient(ctx, input)
  if (!application.settings.device_flow) throw new ApiError('unauthorized_client')
  return { clientId: application.clientId, name: application.name, application, registered: null }
}
