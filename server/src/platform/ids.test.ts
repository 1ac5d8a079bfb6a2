import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createSchema } from 'zod-openapi'
import { type Id, id, mint, prefixes, requestId, uuid, uuid7, uuid7Floor, uuidBytes } from './ids.ts'
import { secretPrefixes } from './secrets.ts'
import { fromMillis } from './time.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const timeOf = (text: string) => Number.parseInt(text.replaceAll('-', '').slice(0, 12), 16)

describe('ids with a prefix', () => {
  it('each kind mints what its own schema accepts and every other refuses', () => {
    const kinds = Object.keys(prefixes) as (keyof typeof prefixes)[]
    for (const kind of kinds) {
      const minted = mint(kind)
      expect(minted).toMatch(new RegExp(`^${kind}_[0-9A-Za-z]{22}$`))
      for (const other of kinds) expect(id(other).safeParse(minted).success).toBe(other === kind)
    }
    expect(22 * Math.log2(62)).toBeGreaterThan(128)
    expect(new Set(Array.from({ length: 20_000 }, () => mint('req'))).size).toBe(20_000)
  })

  it('no secret shares a prefix with an identifier', () => {
    for (const kind of Object.keys(prefixes)) {
      for (const secret of Object.keys(secretPrefixes)) expect(`${secret}_`.startsWith(`${kind}_`)).toBe(false)
    }
  })

  it('the pattern is anchored and exact', () => {
    const good = mint('app')
    for (const bad of [
      `x${good}`,
      `${good}x`,
      `${good}\n`,
      good.slice(0, -1),
      good.toUpperCase(),
      'app_',
      '',
      ` ${good}`,
    ]) {
      expect(id('app').safeParse(bad).success).toBe(false)
    }
  })

  it('the type of one kind does not pass for another', () => {
    const application: Id<'app'> = mint('app')
    // @ts-expect-error an application id is no client id
    const client: Id<'cli'> = application
    const parsed: Id<'app'> = id('app').parse(application)
    expect([client, parsed]).toEqual([application, application])
  })

  it('pattern and example reach OpenAPI, and the example satisfies the pattern', () => {
    const { schema } = createSchema(z.object({ app: id('app'), user: uuid, request: requestId }))
    expect(schema).toMatchObject({
      properties: {
        app: { type: 'string', pattern: '^app_[0-9A-Za-z]{22}$', examples: ['app_8YpZ3kQ1vT6mWc0RbN4xLd'] },
        user: { type: 'string', format: 'uuid', examples: [expect.any(String)] },
        request: { type: 'string', pattern: '^[0-9A-Za-z_-]{8,128}$', examples: [expect.any(String)] },
      },
    })
    for (const kind of Object.keys(prefixes) as (keyof typeof prefixes)[]) {
      const example = createSchema(id(kind)).schema as { examples: string[] }
      expect(id(kind).safeParse(example.examples[0]).success).toBe(true)
    }
  })
})

describe('UUIDv7', () => {
  it('has the layout of RFC 9562 §5.7: time, version 7, variant 10', () => {
    for (let i = 0; i < 2000; i++) {
      const made = uuid7(fromMillis(noon + i))
      expect(made).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(uuid.safeParse(made).success).toBe(true)
      expect(timeOf(made)).toBe(noon + i)
    }
  })

  it('security 133: 200,000 ids of one millisecond ascend strictly and keep its time', () => {
    const moment = fromMillis(noon + 60_000)
    let last = ''
    for (let i = 0; i < 200_000; i++) {
      const next = uuid7(moment)
      if (!(next > last)) expect.fail(`${next} after ${last}`)
      last = next
    }
    expect(timeOf(last)).toBe(noon + 60_000)
  })

  it('a clock set back a little keeps the order; set back far, the new time is followed', () => {
    const before = uuid7(fromMillis(noon + 100_000))
    const corrected = uuid7(fromMillis(noon + 90_000))
    expect(corrected > before).toBe(true)
    expect(timeOf(corrected)).toBe(noon + 100_000)
    expect(timeOf(uuid7(fromMillis(noon + 89_999)))).toBe(noon + 89_999)
  })

  it('ids of one time differ in every random bit', () => {
    let or = 0n
    let and = (1n << 128n) - 1n
    for (let i = 0; i < 500; i++) {
      const bits = BigInt(`0x${uuid7(fromMillis(noon + 200_000 + i)).replaceAll('-', '')}`)
      or |= bits
      and &= bits
    }
    const random = (0xfffn << 64n) | ((1n << 62n) - 1n)
    expect(or & random).toBe(random)
    expect(and & random).toBe(0n)
  })

  it('a moment gives the lower bound of its ids', () => {
    const floor = uuid7Floor(fromMillis(noon + 300_000))
    expect(uuid7(fromMillis(noon + 299_999)) < floor).toBe(true)
    expect(uuid7(fromMillis(noon + 300_000)) > floor).toBe(true)
    expect(floor).toMatch(/-7000-8000-0{12}$/)
  })

  it('gives its 16 bytes', () => {
    expect(Buffer.from(uuidBytes('00112233-4455-7677-8899-aabbccddeeff')).toString('hex')).toBe(
      '00112233445576778899aabbccddeeff',
    )
  })

  it('another form of UUID is refused', () => {
    const good = uuid7(fromMillis(noon))
    for (const bad of [good.toUpperCase(), good.replaceAll('-', ''), `{${good}}`, `${good}\n`, '', 'x']) {
      expect(uuid.safeParse(bad).success).toBe(false)
    }
  })
})

it('a request id of 8 to 128 safe characters is taken over, any other is not', () => {
  for (const good of ['abcd-EF_', 'a'.repeat(128), mint('req')]) expect(requestId.safeParse(good).success).toBe(true)
  for (const bad of ['a'.repeat(7), 'a'.repeat(129), 'abcd efgh', 'abcdefgh\n', 'äbcdefgh']) {
    expect(requestId.safeParse(bad).success).toBe(false)
  }
})
