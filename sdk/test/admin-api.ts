import { no, type Reply, type Seen, serve, type Upstream } from './serve.ts'

export const client = { clientId: 'cli_test', clientSecret: 'sec_test' }
const basic = `Basic ${btoa('cli_test:sec_test')}`

export type AdminApi = Upstream & {
  /** How often a token was issued; the n-th is `token_n`. */
  tokens(): number
  /** From now on this token answers 401. */
  revoke(token: string): void
  /** Requests beside those for tokens. */
  calls(): Seen[]
}

/**
 * Stands in for the server: `/oauth/token` with Basic authentication, 401 without a live token, and for the rest
 * `answer`. A mutation with an `Idempotency-Key` that was seen before gets the first answer again.
 */
export async function serveAdminApi(answer: (seen: Seen) => Reply): Promise<AdminApi> {
  const live = new Set<string>()
  const stored = new Map<string, Reply>()
  let issued = 0

  const token = (seen: Seen): Reply => {
    if (seen.headers.authorization !== basic)
      return { status: 401, body: { error: 'invalid_client', error_description: 'no' } }
    issued += 1
    live.add(`token_${issued}`)
    return { status: 200, body: { access_token: `token_${issued}`, token_type: 'Bearer', expires_in: 3600 } }
  }

  const upstream = await serve((seen) => {
    if (seen.path === '/oauth/token') return token(seen)
    if (!live.has(seen.headers.authorization?.replace('Bearer ', '') ?? '')) return no(401, 'unauthorized')
    const key = seen.headers['idempotency-key'] as string | undefined
    const reply = (key && stored.get(key)) || answer(seen)
    if (key) stored.set(key, reply)
    return reply
  })
  return {
    ...upstream,
    tokens: () => issued,
    revoke: (name) => void live.delete(name),
    calls: () => upstream.seen.filter(({ path }) => path !== '/oauth/token'),
  }
}
