import { personFromCookie } from '../console/person.ts'
import { type Ctx, type RequestContext, systemContext } from '../platform/context.ts'
import { unitOfWork } from '../platform/unit-of-work.ts'
import { codeFromConsent, rememberedAgent } from './code.ts'
import { type AuthorizeParameters, answerUrl, judge } from './request.ts'

/** What the browser gets: a redirect, the consent page, or a sentence where nobody may be redirected. */
export type Beginning = { redirect: string } | { refusal: string } | { consent: true }

/** The same parameter twice is one too many (RFC 6749 §3.1); an empty one counts as omitted. */
function once(query: Record<string, string | string[]>): AuthorizeParameters | null {
  const entries = Object.entries(query)
  if (entries.some(([, value]) => typeof value !== 'string')) return null
  return Object.fromEntries(entries.filter(([, value]) => value !== ''))
}

/**
 * `GET /oauth/authorize` (agents.md §9.1). Grants nothing by itself, but where a consent was remembered: then the signed-in
 * person is not asked again.
 */
export async function beginAuthorization(
  request: RequestContext,
  query: Record<string, string | string[]>,
): Promise<Beginning> {
  const ctx: Ctx = { ...systemContext(request.deps, 'authorization.begin'), ...request }
  const input = once(query)
  if (!input) return { refusal: 'The program that sent you here repeated a parameter.' }
  const judged = await judge(ctx, input)
  const { PUBLIC_URL } = request.deps.config
  if ('page' in judged) return { refusal: judged.page }
  if ('error' in judged) {
    const { error, description, back } = judged
    return { redirect: answerUrl(PUBLIC_URL, back, { error, error_description: description }) }
  }
  const asked = judged.request
  const silent = asked.prompt === 'none'
  const { cookie } = ctx.request
  const person = cookie === null || asked.prompt === 'login' ? null : await personFromCookie(ctx, cookie)
  if (!person)
    return silent ? { redirect: answerUrl(PUBLIC_URL, asked, { error: 'login_required' }) } : { consent: true }
  const who = { accountId: person.accountId, personId: person.id, tenantId: person.tenantId }
  const agentId = person.admitted && person.role !== 'viewer' ? await rememberedAgent(ctx, asked, who) : null
  if (agentId !== null) {
    ctx.principal = person
    return { redirect: await unitOfWork(ctx, 'raw', null, (tx) => codeFromConsent(tx, asked, who, agentId)) }
  }
  return silent ? { redirect: answerUrl(PUBLIC_URL, asked, { error: 'consent_required' }) } : { consent: true }
}
