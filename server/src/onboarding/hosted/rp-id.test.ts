import { describe, expect, it } from 'vitest'
import '../../errors.ts'
import { readSettings } from '../../applications/settings.ts'
import { hostedRpId } from './rp-id.ts'

const of = (settings: object, origin: string, own: string) =>
  hostedRpId({ settings: readSettings(settings) }, origin, own)

describe('the RP ID of the hosted page', () => {
  it.each([
    ['the page’s host, one with ours', {}, 'http://localhost:5173', 'http://localhost:3000', 'localhost'],
    [
      'a domain of both',
      { rp_id: 'example.com' },
      'https://shop.example.com',
      'https://auth.example.com',
      'example.com',
    ],
    ['our own host', {}, 'https://example.com', 'https://example.com', 'example.com'],
    [
      'one that lists our origin',
      { rp_id: 'shop.example', related_origins: ['https://login.shop.example', 'https://auth.example.com'] },
      'https://shop.example',
      'https://auth.example.com',
      'shop.example',
    ],
  ])('is %s', (_, settings, origin, own, rpId) => {
    expect(of(settings, origin, own)).toBe(rpId)
  })

  const six = [1, 2, 3, 4, 5].map((n) => `https://site${n}.example`)
  it.each([
    ['a host beside ours', {}, 'https://shop.example.com', 'https://auth.example.com'],
    ['a host below ours', { rp_id: 'a.auth.example.com' }, 'https://a.auth.example.com', 'https://auth.example.com'],
    ['a suffix that is public', { rp_id: 'github.io' }, 'https://a.github.io', 'https://auth.github.io'],
    [
      'related, but of no rp_id',
      { related_origins: ['https://auth.example.com'] },
      'https://shop.example',
      'https://auth.example.com',
    ],
    [
      'related over http',
      { rp_id: 'shop.example', related_origins: ['http://localhost:3000'] },
      'https://shop.example',
      'http://localhost:3000',
    ],
    [
      'related behind the fifth label',
      { rp_id: 'shop.example', related_origins: [...six, 'https://auth.example.com'] },
      'https://shop.example',
      'https://auth.example.com',
    ],
  ])('is not %s: the answer names the setting', (_, settings, origin, own) => {
    expect(() => of(settings, origin, own)).toThrow(/^rp_id: passkeys of .* cannot be made on/)
  })
})
