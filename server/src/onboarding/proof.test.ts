import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import { type Challenge, leadingZeroBits, purgeUsedProofs } from './proof.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ ONBOARDING_POW_BITS: '6' })
})
afterAll(() => server.close())

/** What an agent does: counts until the digest begins with enough zeros. */
function solve({ bits, salt, exp }: Challenge) {
  for (let n = 0; ; n++) {
    const digest = createHash('sha256').update(`${salt}:${n}`).digest()
    if (leadingZeroBits(digest) >= bits) return { bits, salt, exp, solution: String(n) }
  }
}

const ask = (ip: string, proof?: object) =>
  server.call('POST', '/v1/onboarding/ai', { body: { name: 'Agent', ...(proof ? { proof } : {}) }, ip })
const puzzle = async (ip: string): Promise<Challenge> =>
  (await server.call('GET', '/v1/onboarding/ai', { ip })).body.challenge

describe('agents 184: proof of work', () => {
  it('is announced before the call, and a solved puzzle opens the door once', async () => {
    const ip = freshAddress()
    const challenge = await puzzle(ip)
    expect(challenge).toMatchObject({ alg: 'sha256-leading-zero-bits', bits: 6 })
    expect((await ask(ip, solve(challenge))).status).toBe(200)
  })

  it('missing → 428 with a puzzle, and the hourly call is kept', async () => {
    const ip = freshAddress()
    const refused = await ask(ip)
    expect([refused.status, refused.body.error.code]).toEqual([428, 'proof_required'])
    expect((await ask(ip, solve(refused.body.error.details.challenge))).status).toBe(200)
  })

  it('used a second time → refused, also from the address that it was for', async () => {
    const ip = freshAddress()
    const proof = solve(await puzzle(ip))
    expect((await ask(ip, proof)).status).toBe(200)
    server.clock.advance(599)
    await server.app.deps.limits.refund('onboarding_ai', ip)
    const again = await ask(ip, proof)
    expect([again.status, again.body.error.code]).toEqual([428, 'proof_required'])
  })

  it.each([
    ['more text behind it', (salt: string) => `${salt}.1`],
    ['other base64 of the same bytes', (salt: string) => `${salt}=`],
  ])('used a second time under %s → refused', async (_, written) => {
    const ip = freshAddress()
    const challenge = await puzzle(ip)
    expect((await ask(ip, solve(challenge))).status).toBe(200)
    await server.app.deps.limits.refund('onboarding_ai', ip)
    const again = await ask(ip, solve({ ...challenge, salt: written(challenge.salt) }))
    expect([again.status, again.body.error?.code]).toEqual([428, 'proof_required'])
  })

  it('from another address → refused', async () => {
    const refused = await ask(freshAddress(), solve(await puzzle(freshAddress())))
    expect(refused.status).toBe(428)
  })

  it('after ten minutes → refused', async () => {
    const ip = freshAddress()
    const proof = solve(await puzzle(ip))
    server.clock.advance(600)
    expect((await ask(ip, proof)).status).toBe(428)
  })

  it.each([
    ['a wrong solution', (proof: object) => ({ ...proof, solution: 'x' })],
    ['fewer bits', (proof: object) => ({ ...proof, bits: 1 })],
    ['a later end', (proof: { exp?: number }) => ({ ...proof, exp: (proof.exp ?? 0) + 1 })],
    ['a salt of its own', (proof: object) => ({ ...proof, salt: 'abc.def' })],
  ])('with %s → refused', async (_, change) => {
    const ip = freshAddress()
    const refused = await ask(ip, change(solve(await puzzle(ip))))
    expect([refused.status, refused.body.error.code]).toEqual([428, 'proof_required'])
  })

  it('is a bit harder each time the proofs of an hour double', async () => {
    await server.database.sql.query(
      `insert into tombstones (kind, key, reason, created_at)
       select 'proof', 'test' || n, 'used', $1 from generate_series(1, 160) n`,
      [server.clock()],
    )
    expect((await puzzle(freshAddress())).bits).toBe(8)
    server.clock.advance(3601)
    expect((await puzzle(freshAddress())).bits).toBe(6)
    expect(await purgeUsedProofs(server.database.sql, server.clock(), 500)).toBeGreaterThanOrEqual(160)
  })

  it('is not asked for unless the operator says so', async () => {
    const plain = await testApp({}, { database: server.database })
    const seen = await plain.call('GET', '/v1/onboarding/ai', { ip: freshAddress() })
    expect(seen.body.challenge).toBeUndefined()
    const body = { name: 'Agent', proof: { bits: 1, salt: 'a', exp: 1, solution: 'a' } }
    const refused = await plain.call('POST', '/v1/onboarding/ai', { body, ip: freshAddress() })
    expect([refused.status, refused.body.error.message]).toEqual([400, 'proof: is not asked for'])
    await plain.close()
  })

  it.each([
    [[255], 0],
    [[127], 1],
    [[1], 7],
    [[0, 128], 8],
    [[0, 1], 15],
    [[0, 0], 16],
  ])('%j begins with %i zero bits', (bytes, bits) => expect(leadingZeroBits(Uint8Array.from(bytes))).toBe(bits))
})

it('the vending machine of a server gives out no more in an hour than the instance group may', async () => {
  const small = await testApp(
    { RATE_LIMIT_OVERRIDES: '{"onboarding_ai_instance":{"points":1}}' },
    { database: server.database },
  )
  const post = (ip: string) => small.call('POST', '/v1/onboarding/ai', { body: { name: 'Agent' }, ip })
  expect((await post(freshAddress())).status).toBe(200)
  const ip = freshAddress()
  const full = await post(ip)
  expect([full.status, full.body.error.code, Number(full.headers['retry-after']) > 0]).toEqual([
    503,
    'free_ai_capacity_reached',
    true,
  ])
  // Its hour is not used up.
  expect(await small.app.deps.limits.blocked('onboarding_ai', ip, { write: false })).toBeNull()
  await small.close()
})
