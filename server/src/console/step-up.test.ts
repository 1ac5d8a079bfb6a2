import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Mutation } from '../../test/authenticator.ts'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import type { PersonAt } from '../../test/people.ts'
import { systemContext } from '../platform/context.ts'
import type { ApiError } from '../platform/errors.ts'
import type { Person } from '../platform/principal.ts'
import { CONSOLE_TENANT_ID } from './console.ts'
import { requireStepUp } from './step-up.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const contextOf = (person: PersonAt) => {
  const principal: Person = {
    kind: 'user',
    id: person.personId,
    accountId: person.accountId,
    tenantId: person.tenantId,
    applicationId: null,
    bucket: 'test',
    role: 'owner',
    sessionId: 'test',
    admitted: true,
    operator: false,
  }
  return { ...systemContext(server.app.deps, 'test'), principal }
}

async function start({ headers }: PersonAt, purpose: string) {
  const answer = await server.call('POST', '/v1/dashboard/step-up', { headers, body: { purpose }, ip: freshAddress() })
  expect([answer.status, answer.text]).toEqual([200, answer.text])
  return answer.body.data
}

async function proof(person: PersonAt, purpose: string, mutate?: Mutation) {
  const { session_id, challenge } = await start(person, purpose)
  const { origin } = person.headers
  return { session_id, credential: person.device.authenticate(challenge, { origin, ...(mutate ? { mutate } : {}) }) }
}

/** The code that a proof is refused with, and why, as the trail has it; or the passkey that was accepted. */
async function outcome(person: PersonAt, purpose: string, given: Parameters<typeof requireStepUp>[2]) {
  const ctx = contextOf(person)
  try {
    return (await requireStepUp(ctx, purpose, given)).credentialId
  } catch (error) {
    return [(error as ApiError).errorCode, ctx.trail[0]?.metadata.reason]
  }
}

describe('step-up', () => {
  it('offers the person’s own passkeys, with user verification, for five minutes', async () => {
    const person = await server.person()
    const begun = await start(person, 'keys.create')
    expect(begun.challenge).toMatchObject({ rpId: 'auth.example.com', userVerification: 'required', timeout: 300_000 })
    expect(begun.challenge.allowCredentials.map(({ id }: { id: string }) => id)).toEqual([
      person.device.credentials[0]?.id.toString('base64url'),
    ])
    expect(Date.parse(begun.expires_at) - server.clock().getTime()).toBe(300_000)
  })

  it('accepts a proof once, for its purpose, and says which passkey it was', async () => {
    const person = await server.person()
    const given = await proof(person, 'keys.create')
    expect(await outcome(person, 'keys.create', given)).toMatch(/^cred_/)
    expect(await outcome(person, 'keys.create', given)).toEqual(['step_up_required', 'stale'])
  })

  it('refuses one for another purpose or thing, and burns it', async () => {
    const person = await server.person()
    for (const [made, wanted] of [
      ['keys.create', 'keys.rotate'],
      ['device:a', 'device:b'],
      ['device', 'device:a'],
    ] as const) {
      const given = await proof(person, made)
      expect(await outcome(person, wanted, given)).toEqual(['step_up_required', 'purpose'])
      expect(await outcome(person, made, given)).toEqual(['step_up_required', 'stale'])
    }
  })

  it('refuses nothing, half of it, one of another person, and one that is five minutes old', async () => {
    const [person, other] = [await server.person(), await server.person()]
    const given = await proof(person, 'keys.create')
    for (const part of [{}, { session_id: given.session_id }, { credential: given.credential }])
      expect(await outcome(person, 'keys.create', part)).toEqual(['step_up_required', 'missing'])
    expect(await outcome(other, 'keys.create', given)).toEqual(['step_up_required', 'stale'])
    server.clock.advance(299)
    expect(await outcome(person, 'keys.create', given)).toMatch(/^cred_/)
    const late = await proof(person, 'keys.create')
    server.clock.advance(300)
    expect(await outcome(person, 'keys.create', late)).toEqual(['step_up_required', 'stale'])
  })

  it.each<[string, Mutation, string, string]>([
    ['no user verification', { flags: (flags) => flags & ~0x04 }, 'user_verification_required', 'user_verification'],
    ['no user presence', { flags: (flags) => flags & ~0x01 }, 'step_up_required', 'user_presence'],
    [
      'a broken signature',
      { signature: (bytes) => Buffer.from(bytes).fill(0, 8, 16) },
      'step_up_required',
      'signature',
    ],
    [
      'another site',
      { clientData: (data) => ({ ...data, origin: 'https://evil.example' }) },
      'step_up_required',
      'origin_not_allowed',
    ],
    ['a registration', { clientData: (data) => ({ ...data, type: 'webauthn.create' }) }, 'step_up_required', 'type'],
    [
      'another passkey',
      { response: (all) => ({ ...all, id: 'AAAA', rawId: 'AAAA' }) },
      'step_up_required',
      'unknown_credential',
    ],
  ])('refuses %s', async (_name, mutate, code, reason) => {
    const person = await server.person()
    const given = await proof(person, 'keys.create', mutate)
    expect(await outcome(person, 'keys.create', given)).toEqual([code, reason])
  })

  it('refuses a count that went back, a revoked passkey and a locked or disabled person', async () => {
    const person = await server.person()
    const { sql } = server.database
    expect(await outcome(person, 'x', await proof(person, 'x', { counter: 5 }))).toMatch(/^cred_/)
    expect(await outcome(person, 'x', await proof(person, 'x', { counter: 5 }))).toEqual([
      'step_up_required',
      'sign_count',
    ])
    const change = (table: string, set: string, column: string) =>
      sql.query(`update ${table} set ${set} where tenant_id = $1 and ${column} = $2::uuid`, [
        CONSOLE_TENANT_ID,
        person.personId,
      ])
    const pending = await Promise.all(['a', 'b', 'c'].map((purpose) => proof(person, purpose, { counter: 9 })))
    await change('users', `locked_until = '2999-01-01'`, 'id')
    expect(await outcome(person, 'a', pending[0] ?? {})).toEqual(['step_up_required', 'user_locked'])
    await change('users', `locked_until = null, status = 'disabled'`, 'id')
    expect(await outcome(person, 'b', pending[1] ?? {})).toEqual(['step_up_required', 'user_disabled'])
    await change('users', `status = 'active'`, 'id')
    await change('credentials', `status = 'revoked'`, 'user_id')
    expect(await outcome(person, 'c', pending[2] ?? {})).toEqual(['step_up_required', 'credential_revoked'])
  })
})
