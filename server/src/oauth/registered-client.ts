import { findOauthClient, findSigningClient, type OauthClient } from '../clients/client.ts'
import { parseBasic } from '../platform/authenticate.ts'
import type { Ctx } from '../platform/context.ts'
import { equal } from '../platform/secrets.ts'
import { authenticateByAssertion, claimantOf, mayHaveSigned } from './client-assertion.ts'
import { underFailureLimit } from './failure-limit.ts'
import { assertionIn, type ClientParameters, clientRefused, requireOnePlace } from './request-client.ts'

/** A client of a metadata document, by a key that it publishes. */
async function byAssertion(ctx: Ctx, assertion: string, clientId: string | undefined): Promise<OauthClient> {
  const claimant = claimantOf(assertion)
  // Asked before the attempts from one address wait for each other: a slow host holds up its own client only.
  const known = claimant && (await findSigningClient(ctx, claimant.clientId, (key) => mayHaveSigned(key, claimant)))
  const signer = known && { ...known, clientId: known.client.id }
  const found = await authenticateByAssertion(ctx, assertion, clientId, async () => signer)
  if (!found) throw clientRefused()
  return found
}

/**
 * The client of a grant that a person gave: a public one by its id alone, a confidential one by its secret or its signature,
 * whichever it said it would send. It may fetch what the client publishes, so it comes before a transaction.
 * @throws 400 invalid_request; 401 invalid_client; 429 rate_limit_exceeded after too many failures
 */
export async function requireOauthClient(ctx: Ctx, input: ClientParameters): Promise<OauthClient> {
  requireOnePlace(ctx, input)
  const assertion = assertionIn(input)
  if (assertion !== undefined) return byAssertion(ctx, assertion, input.client_id)
  const { authorization } = ctx.request
  const basic =
    authorization !== null && /^basic /i.test(authorization) ? parseBasic(authorization.slice(6).trim()) : null
  if (authorization !== null && !basic) throw clientRefused('Basic realm="oauth"')
  const id = basic?.id ?? input.client_id
  const secret = basic?.secret ?? input.client_secret
  const refusal = () => clientRefused(basic ? 'Basic realm="oauth"' : undefined)
  if (id === undefined || (input.client_id !== undefined && input.client_id !== id)) throw refusal()
  const client = await findOauthClient(ctx, id)
  if (client && client.authMethod === 'none' && secret === undefined) return client
  if (secret === undefined) throw refusal()
  const digest = ctx.deps.secrets.hash(secret)
  const found = await underFailureLimit(ctx, id, digest, async () =>
    client?.secretHash && equal(digest, client.secretHash) ? client : null,
  )
  if (!found) throw refusal()
  return found
}
