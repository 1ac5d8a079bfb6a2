import { findOauthClient, type OauthClient } from '../clients/client.ts'
import { isLoopbackRedirect, matchesRedirect } from '../clients/redirect-uri.ts'
import { resources } from '../oauth/access-token.ts'
import type { Ctx } from '../platform/context.ts'
import { type AgentScope, agentScopeNames, scopeNames } from '../scopes.ts'

/** RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2. */
export type AuthorizeParameters = {
  response_type?: string | undefined
  client_id?: string | undefined
  redirect_uri?: string | undefined
  code_challenge?: string | undefined
  code_challenge_method?: string | undefined
  state?: string | undefined
  scope?: string | undefined
  resource?: string | undefined
  prompt?: string | undefined
}

/** A request that may be put to a person. */
export type AuthorizeRequest = {
  client: OauthClient
  redirectUri: string
  state: string | undefined
  scopes: readonly AgentScope[]
  resource: string
  codeChallenge: string
  prompt: string | undefined
  /** The answer goes to the own machine, where any program can pose as the client (RFC 8252 §8.6). */
  toLoopback: boolean
}

/** RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6. */
export type AuthorizeError =
  | 'invalid_request'
  | 'unauthorized_client'
  | 'access_denied'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'login_required'
  | 'consent_required'
  | 'server_error'
  | 'temporarily_unavailable'

export type Back = { redirectUri: string; state: string | undefined }

/** What a request comes to: a person is asked, the client is told, or the person is told and nobody is redirected. */
export type Judged =
  | { request: AuthorizeRequest }
  | { error: AuthorizeError; description: string; back: Back }
  | { page: string }

const reads: readonly AgentScope[] = scopeNames.filter((scope) => scope.endsWith(':read'))
const known: ReadonlySet<string> = new Set(agentScopeNames)

/** @returns null: one is malformed or unknown. Nothing asked: what the client registered, else reading (agents.md §2) */
function scopesOf(client: OauthClient, text: string | undefined): AgentScope[] | null {
  const asked = text ?? client.scope
  if (asked === null || asked === '') return [...reads]
  const list = [...new Set(asked.split(' '))]
  return list.every((scope) => known.has(scope)) ? (list as AgentScope[]) : null
}

const challengePattern = /^[0-9A-Za-z_-]{43}$/

function judgeRest(ctx: Ctx, client: OauthClient, back: Back, input: AuthorizeParameters): Judged {
  const no = (error: AuthorizeError, description: string): Judged => ({ error, description, back })
  if (input.response_type === undefined) return no('invalid_request', 'response_type: is required')
  if (input.response_type !== 'code') return no('unsupported_response_type', 'response_type: must be code')
  if (!client.grantTypes.includes('authorization_code'))
    return no('unauthorized_client', 'The client did not register this grant.')
  if (input.code_challenge === undefined) return no('invalid_request', 'code_challenge: is required')
  if (input.code_challenge_method !== 'S256') return no('invalid_request', 'code_challenge_method: must be S256')
  if (!challengePattern.test(input.code_challenge))
    return no('invalid_request', 'code_challenge: must be a base64url SHA-256')
  const { prompt } = input
  if (prompt !== undefined && !['none', 'login', 'consent'].includes(prompt))
    return no('invalid_request', 'prompt: is not supported')
  const scopes = scopesOf(client, input.scope)
  if (!scopes) return no('invalid_scope', 'scope: holds one that is unknown')
  const resource = input.resource ?? `${ctx.deps.config.PUBLIC_URL}/mcp`
  if (!resources(ctx.deps.config.PUBLIC_URL).includes(resource)) return no('invalid_target', 'resource: is unknown')
  // Not only where every redirect of the client does: who can listen on the port needs no other one.
  const toLoopback = isLoopbackRedirect(back.redirectUri)
  return { request: { client, ...back, scopes, resource, codeChallenge: input.code_challenge, prompt, toLoopback } }
}

/**
 * Judges an authorization request (agents.md §9.1). While the client or its redirect is not sure, nobody is redirected
 * anywhere; from then on the client hears what is wrong.
 */
export async function judge(ctx: Ctx, input: AuthorizeParameters): Promise<Judged> {
  const { client_id, redirect_uri, state } = input
  const client = client_id === undefined ? null : await findOauthClient(ctx, client_id)
  if (!client) return { page: 'The program that sent you here is not known to this server.' }
  const [only, ...more] = client.redirectUris
  const redirectUri = redirect_uri ?? (more.length === 0 ? only : undefined)
  if (redirectUri === undefined || !matchesRedirect(client.redirectUris, redirectUri)) {
    return { page: 'The program that sent you here did not register the address that it wants you to return to.' }
  }
  return judgeRest(ctx, client, { redirectUri, state }, input)
}

/** The address of an answer, which always names its issuer (RFC 9207) and gives the state back unchanged. */
export function answerUrl(issuer: string, { redirectUri, state }: Back, members: Record<string, string>): string {
  const query = new URLSearchParams({ ...members, ...(state === undefined ? {} : { state }), iss: issuer })
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
}
