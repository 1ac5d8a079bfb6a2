import { registerAgent } from '../src/agents/register.ts'
import { issueAgentToken } from '../src/agents/token.ts'
import { addRefreshToken } from '../src/authorization/family.ts'
import { mintKey } from '../src/keys/mint.ts'
import { systemContext } from '../src/platform/context.ts'
import { uuid7 } from '../src/platform/ids.ts'
import { addSeconds } from '../src/platform/time.ts'
import { writeTrail } from '../src/platform/trail.ts'
import type { TestApp } from './harness.ts'
import type { PersonAt } from './people.ts'

/**
 * What a person's agent holds after a flow, made without its pages: real rows, a real key with the token it was handed out
 * with, and a refresh token with one of its own.
 */
export async function agentToken(
  { app }: TestApp,
  { accountId, tenantId, personId }: Pick<PersonAt, 'accountId' | 'tenantId' | 'personId'>,
  {
    scopes = ['full_access'],
    clientId = 'cli_agent',
    allowedIps = [],
  }: { scopes?: string[]; clientId?: string; allowedIps?: string[] } = {},
) {
  return app.deps.database.transaction(async (db, sql) => {
    const ctx = { ...systemContext(app.deps, 'test'), db, sql }
    const about = { accountId, tenantId, name: 'Agent', scopes, applicationIds: [] }
    const { agentId } = await registerAgent(ctx, { ...about, method: 'device', clientId, approvedBy: personId })
    const { keyId, secretKey } = await mintKey(ctx, {
      ...about,
      agentId,
      allowedIps,
      expiresAt: null,
      source: 'device',
    })
    await writeTrail(ctx, sql)
    const grant = { agentId, accountId, personId, clientId, scopes }
    const token = issueAgentToken(ctx, { ...grant, keyId })
    const family = { ...grant, familyId: uuid7(ctx.now()), resource: null, endsAt: addSeconds(ctx.now(), 90 * 86_400) }
    const refreshToken = await addRefreshToken(ctx, family)
    const familyToken = issueAgentToken(ctx, { ...family, keyId: null })
    return { agentId, keyId, secretKey, token, refreshToken, familyToken }
  })
}
