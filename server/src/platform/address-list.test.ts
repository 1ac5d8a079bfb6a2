import { describe, expect, it } from 'vitest'
import { AddressRanges, addressList, canonicalRanges, isNarrower } from './address-list.ts'

const problems = (value: unknown) =>
  AddressRanges.safeParse(value).error?.issues.map(({ path, message }) => [path.join('.'), message])

describe('a list of addresses', () => {
  const neither = 'must be an address or a CIDR range such as 192.0.2.0/24 or 2001:db8::/32'
  const mapped = 'must be written as IPv4, not as IPv6'
  it.each([
    ['', neither],
    ['example.com', neither],
    ['*', neither],
    ['loopback', neither],
    ['10.0.0', neither],
    ['010.0.0.1', neither],
    ['0x7f.1', neither],
    ['2130706433', neither],
    [' 10.0.0.1', neither],
    ['10.0.0.1,10.0.0.2', neither],
    ['10.0.0.0/33', neither],
    ['10.0.0.0/-1', neither],
    ['10.0.0.0/', neither],
    ['10.0.0.0/8/8', neither],
    ['10.0.0.0/255.0.0.0', neither],
    ['2001:db8::/129', neither],
    ['fe80::1%eth0', neither],
    ['[2001:db8::1]', neither],
    ['::ffff:10.0.0.1', mapped],
    ['::ffff:a00:1/120', mapped],
    ['0.0.0.0/0', 'must not be every address: leave the list out for that'],
    ['::/0', 'must not be every address: leave the list out for that'],
    ['10.0.0.5/24', 'must have no bits beyond its prefix: write 10.0.0.0/24'],
    ['2001:db8::1/32', 'must have no bits beyond its prefix: write 2001:db8::/32'],
    ['1'.repeat(65), 'must be at most 64 characters'],
  ])('refuses %j, and names it', (text, message) => {
    expect(problems(['192.0.2.1', text])).toEqual([['1', message]])
  })

  it('holds 1 to 20 entries', () => {
    expect(problems([])).toEqual([['', 'must name at least one address']])
    expect(problems(Array(21).fill('192.0.2.1'))).toEqual([['', 'must have at most 20 entries']])
    expect(problems(Array(20).fill('192.0.2.1'))).toBeUndefined()
  })

  it('is kept in one form, each entry once', () => {
    const written = ['192.0.2.1', '192.0.2.1/32', '10.0.0.0/08', '2001:DB8:0:0::/32', '2001:db8::/32', '::1/128']
    expect(problems(written)).toBeUndefined()
    expect(canonicalRanges(written)).toEqual(['192.0.2.1', '10.0.0.0/8', '2001:db8::/32', '::1'])
  })

  it('allows what lies in it, and nothing that is no address', () => {
    const { allows } = addressList(['192.0.2.1', '10.0.0.0/8', '2001:db8::/32'])
    for (const ip of ['192.0.2.1', '10.255.0.1', '2001:db8:1::1']) expect([ip, allows(ip)]).toEqual([ip, true])
    for (const ip of ['192.0.2.2', '11.0.0.1', '2001:db9::1', '::a00:1', '', 'x'])
      expect([ip, allows(ip)]).toEqual([ip, false])
    expect(addressList([]).allows('')).toBe(true)
    expect(addressList(['no range']).allows('192.0.2.1')).toBe(false)
  })

  it.each<[string[], string[], boolean]>([
    [['10.1.0.0/16'], ['10.0.0.0/8'], true],
    [['10.0.0.0/8'], ['10.0.0.0/8'], true],
    [['10.0.0.0/8'], ['10.1.0.0/16'], false],
    [['10.0.0.1', '192.0.2.1'], ['10.0.0.0/8'], false],
    [['10.0.0.1', '192.0.2.1'], ['192.0.2.0/24', '10.0.0.0/8'], true],
    [['2001:db8:1::/48'], ['2001:db8::/32'], true],
    [['2001:db8::/32'], ['10.0.0.0/8'], false],
    [['::a00:1'], ['10.0.0.0/8'], false],
    [['10.0.0.0/24'], ['10.0.0.0/25', '10.0.0.128/25'], false],
    [[], ['10.0.0.0/8'], false],
    [['10.0.0.0/8'], [], true],
    [[], [], true],
  ])('%j is narrower than %j: %s', (ranges, than, expected) => expect(isNarrower(ranges, than)).toBe(expected))
})
