export { requireOauthClient } from '../oauth/registered-client.ts'
