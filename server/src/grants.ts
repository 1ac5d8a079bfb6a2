import { redeemCode, refresh } from './authorization/grants.ts'
import { DEVICE_GRANT, redeemDevice } from './device/token.ts'
import { clientCredentials } from './oauth/client-credentials.ts'

/** The grants of `POST /oauth/token`: one line a grant. What stands here is served and advertised. */
export const grants = {
  authorization_code: redeemCode,
  refresh_token: refresh,
  client_credentials: clientCredentials,
  [DEVICE_GRANT]: redeemDevice,
}

export const grantNames = Object.keys(grants)
