import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import { defaults } from '../applications/settings.ts'
import { type Ctx, systemContext } from '../platform/context.ts'
import type { Publishable } from '../platform/principal.ts'
import { countFailure } from './count-failure.ts'
import { statusOf, untilUnlocked } from './state.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

const minutes = (n: number) => n * 60
const hours = (n: number) => n * 3600

/** A user of a tenant of its own, and what fails for it; each call counts one failure and tells what came of it. */
async function user(rules = defaults.lockout) {
  const { token, tenantId, applicationId, clientId } = await server.tenant()
  const made = await server.call('POST', '/v1/users', { token, body: { external_user_id: 'ada' } })
  const id: string = made.body.data.id
  const principal: Publishable = {
    kind: 'anonymous',
    id: clientId,
    clientId,
    tenantId,
    applicationId,
    bucket: null,
    origin: null,
  }
  const ctx: Ctx<Publishable> = { ...systemContext(server.app.deps, 'test'), principal }
  const fail = async (times = 1): Promise<string[]> => {
    const outcomes: string[] = []
    for (let i = 0; i < times; i++) {
      const counted = await countFailure(ctx, rules, id)
      const wait = (until: Date) => untilUnlocked(until, server.clock()).retryAfter
      if (counted?.lockedUntil) outcomes.push(`locked ${wait(counted.lockedUntil)}`)
      else if (counted?.reached)
        outcomes.push(`${counted.reached.level} ${counted.reached.failures} ${wait(counted.reached.lockedUntil)}`)
      else outcomes.push(counted ? '-' : 'gone')
    }
    return outcomes
  }
  return { token, id, fail }
}

const free = (n: number): string[] => Array.from({ length: n }, () => '-')

describe('counting failures', () => {
  it('the fifth within 15 minutes locks for 30; further ones are not counted and do not extend it', async () => {
    const { fail } = await user()
    expect(await fail(7)).toEqual([...free(4), 'soft 5 1800', 'locked 1800', 'locked 1800'])
    server.clock.advance(minutes(30) - 1)
    expect(await fail()).toEqual(['locked 1'])
    server.clock.advance(1)
    expect(await fail()).toEqual(['-'])
  })

  it('the window begins with its first failure and is over after 15 minutes', async () => {
    const { fail } = await user()
    expect(await fail(4)).toEqual(free(4))
    server.clock.advance(minutes(15))
    expect(await fail(4)).toEqual(free(4))
    server.clock.advance(minutes(15) - 1)
    expect(await fail()).toEqual(['soft 5 1800'])
  })

  it('the tenth within 24 hours locks for 24, also across the end of a soft lock', async () => {
    const { fail } = await user()
    expect((await fail(5)).at(-1)).toBe('soft 5 1800')
    server.clock.advance(minutes(30))
    expect(await fail(6)).toEqual([...free(4), 'hard 10 86400', 'locked 86400'])
    server.clock.advance(hours(24))
    expect(await fail(5)).toEqual([...free(4), 'soft 5 1800'])
  })

  it('ten that never were five in 15 minutes lock all the same, ten in more than 24 hours do not', async () => {
    const [slow, slower] = [await user(), await user()]
    for (let i = 0; i < 9; i++) {
      expect([await slow.fail(), await slower.fail()]).toEqual([['-'], ['-']])
      server.clock.advance(hours(2))
    }
    expect(await slow.fail()).toEqual(['hard 10 86400'])
    server.clock.advance(hours(6))
    expect(await slower.fail()).toEqual(['-'])
  })

  it('a hard threshold below the soft one comes first', async () => {
    const { fail } = await user({ soft_failures: 20, soft_seconds: 60, hard_failures: 6, hard_seconds: 300 })
    expect(await fail(7)).toEqual([...free(5), 'hard 6 300', 'locked 300'])
  })

  it('a soft lock shorter than its window does not make its end the next lock', async () => {
    const { fail } = await user({ soft_failures: 3, soft_seconds: 60, hard_failures: 100, hard_seconds: 300 })
    expect((await fail(3)).at(-1)).toBe('soft 3 60')
    server.clock.advance(60)
    expect(await fail(3)).toEqual([...free(2), 'soft 3 60'])
  })

  it('a clock that goes back ends neither a window nor a lock', async () => {
    const { fail } = await user()
    await fail(3)
    server.clock.advance(-hours(1))
    expect(await fail(2)).toEqual(['-', 'soft 5 1800'])
    server.clock.advance(-hours(1))
    expect(await fail()).toEqual(['locked 5400'])
    server.clock.advance(hours(2))
  })

  it('nobody is counted for a user who is gone', async () => {
    const { token, fail } = await user()
    await server.call('DELETE', '/v1/users/ada', { token })
    expect(await fail()).toEqual(['gone'])
  })
})

describe('the status shown', () => {
  const now = new Date('2026-06-01T00:00:00Z')
  const later = new Date('2026-06-01T00:00:01Z')
  it.each([
    ['active', null, 'active'],
    ['active', later, 'locked'],
    ['active', now, 'active'],
    ['disabled', null, 'disabled'],
    ['disabled', later, 'disabled'],
  ])('%s with a lock until %s is %s', (status, lockedUntil, shown) => {
    expect(statusOf({ status, lockedUntil }, now)).toBe(shown)
  })
})
