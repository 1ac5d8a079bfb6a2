import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Ctx, Deps } from '../platform/context.ts'
import type { Fetched } from '../platform/outbound.ts'
import { displayText } from '../platform/text.ts'
import type { OauthClient } from './client.ts'
import { redirectUriProblem } from './redirect-uri.ts'
import { DEVICE_GRANT_TYPE } from './register.ts'

const limits = { maxBytes: 65_536, timeoutMillis: 5000 }
const shortestMillis = 300_000
const longestMillis = 86_400_000
const failureMillis = 60_000

/** What is read of a client id metadata document (agents.md §9.2); the rest is ignored. */
const Document = z.looseObject({
  client_id: z.string(),
  client_name: displayText(1, 80).optional().catch(undefined),
  redirect_uris: z
    .array(z.string().refine((uri) => redirectUriProblem(uri) === null))
    .min(1)
    .max(20),
  token_endpoint_auth_method: z.literal('none').default('none'),
  grant_types: z.array(z.string()).default(['authorization_code', 'refresh_token']),
  scope: z.string().max(2000).optional(),
  client_secret: z.undefined().optional(),
  client_secret_expires_at: z.undefined().optional(),
})

/** A URL that may be a client id: https with a path, and nothing that a browser or a proxy would read differently. */
export function isDocumentUrl(text: string): boolean {
  if (text.length > 2000 || !text.startsWith('https://') || !URL.canParse(text)) return false
  const url = new URL(text)
  const segments = text.slice('https://'.length).split(/[?#]/)[0]?.split('/').slice(1) ?? []
  return (
    url.href === text &&
    url.pathname !== '/' &&
    !text.includes('#') &&
    url.username === '' &&
    url.password === '' &&
    !segments.some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
  )
}

function lifeOf({ cacheControl }: Fetched): number {
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl)?.[1]
  const asked = /no-store|no-cache/i.test(cacheControl) ? 0 : Number(seconds ?? 0) * 1000
  return Math.min(longestMillis, Math.max(shortestMillis, asked))
}

function read(url: string, { body, contentType }: Fetched): OauthClient | null {
  if (!/^application\/(?:[a-z0-9.+-]+\+)?json(?:\s*;|$)/i.test(contentType)) return null
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
  const parsed = Document.safeParse(json)
  if (!parsed.success || parsed.data.client_id !== url) return null
  const { client_name, redirect_uris, grant_types, scope } = parsed.data
  const grants = grant_types.filter((grant) =>
    ['authorization_code', 'refresh_token', DEVICE_GRANT_TYPE].includes(grant),
  )
  return {
    id: url,
    name: client_name ?? null,
    redirectUris: redirect_uris,
    grantTypes: grants,
    authMethod: 'none',
    secretHash: null,
    scope: scope ?? null,
  }
}

type Entry = { client: OauthClient | null; until: number }
const memories = new WeakMap<Deps['outbound'], LRUCache<string, Entry>>()

function memoryOf({ outbound }: Deps): LRUCache<string, Entry> {
  const known = memories.get(outbound) ?? new LRUCache<string, Entry>({ max: 1000 })
  memories.set(outbound, known)
  return known
}

/**
 * The client that a metadata document describes; null: no such document, or one that breaks the rules. A good copy is kept
 * as long as its `Cache-Control` says, 5 minutes to 24 hours; a failure for a minute, and never in place of a good copy that
 * is still in time.
 */
export async function metadataDocument(ctx: Ctx, url: string): Promise<OauthClient | null> {
  if (!isDocumentUrl(url)) return null
  const memory = memoryOf(ctx.deps)
  const now = ctx.now().getTime()
  const known = memory.get(url)
  if (known && now < known.until) return known.client
  try {
    const fetched = await ctx.deps.outbound(url, limits)
    const client = read(url, fetched)
    memory.set(url, { client, until: now + (client ? lifeOf(fetched) : failureMillis) })
    return client
  } catch (error) {
    ctx.deps.log.info({ reason: (error as Error).message, client: new URL(url).host }, 'client metadata not read')
    memory.set(url, { client: null, until: now + failureMillis })
    return null
  }
}
