import { describe, expect, it } from 'vitest'
import { addressKey, createAddressResolver, networkKey } from './address.ts'

describe('security 223: the address comes from trusted proxies only', () => {
  const behindProxy = createAddressResolver('loopback, 10.0.0.0/8, 2001:db8:ffff::/48')

  it('agents 183: nobody is trusted by default, so the header changes nothing', () => {
    const direct = createAddressResolver('')
    expect(direct.resolve('127.0.0.1', '203.0.113.9')).toBe('127.0.0.1')
  })

  it('an untrusted peer cannot name an address', () => {
    expect(behindProxy.resolve('198.51.100.7', '203.0.113.9')).toBe('198.51.100.7')
  })

  it('agents 183: walks from the right past trusted hops and stops at the first other one, whatever stands left of it', () => {
    expect(behindProxy.resolve('127.0.0.1', '8.8.8.8, 203.0.113.9, 10.1.2.3')).toBe('203.0.113.9')
    expect(behindProxy.resolve('::1', 'garbage, 203.0.113.9 ,2001:db8:ffff::1')).toBe('203.0.113.9')
    expect(behindProxy.resolve('10.0.0.1', '10.9.9.9,203.0.113.9')).toBe('203.0.113.9')
  })

  it('only trusted hops: the farthest one', () => {
    expect(behindProxy.resolve('127.0.0.1', '10.0.0.5, 10.0.0.6')).toBe('10.0.0.5')
  })

  it('reads the port that some proxies write', () => {
    expect(behindProxy.resolve('127.0.0.1', '203.0.113.9:4711')).toBe('203.0.113.9')
    expect(behindProxy.resolve('127.0.0.1', '[2001:db8::1]:4711')).toBe('2001:db8::1')
  })

  it.each([
    ...['unknown', '', ',', '203.0.113.9,', '300.1.1.1', '010.1.1.1', '0x7f.0.0.1', '127.1', '1.2.3.4.5', '_hidden'],
    ...['1.2.3.4:port', '[::1', 'fe80::1%', '::g', '1.2.3.4/24', '\u0000', '9'.repeat(100_000)],
  ])('a hop that is no address (%j) falls back to the socket', (header) => {
    expect(behindProxy.resolve('10.0.0.1', header)).toBe('10.0.0.1')
    expect(behindProxy.resolve('10.0.0.1', `${header}, 10.0.0.5`)).toBe(header === '' ? '10.0.0.5' : '10.0.0.1')
  })

  it('a socket without address shares one bucket instead of having none', () => {
    expect(behindProxy.resolve(undefined, '203.0.113.9')).toBe('0.0.0.0')
    expect(addressKey('')).toBe(addressKey('nonsense'))
  })

  it('takes bare addresses, and stays linear on 10^5 characters', () => {
    const one = createAddressResolver('192.0.2.1')
    expect(one.resolve('192.0.2.1', '203.0.113.9')).toBe('203.0.113.9')
    expect(one.resolve('192.0.2.2', '203.0.113.9')).toBe('192.0.2.2')
    const started = performance.now()
    one.resolve('192.0.2.1', `${'192.0.2.1,'.repeat(10_000)}192.0.2.1`)
    expect(performance.now() - started).toBeLessThan(500)
  })

  it.each([
    ...['*', 'loopback,*', '0.0.0.0/0', '::/0', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/-1'],
    ...['10.0.0.0/1e1', 'localhost', 'uniquelocal', '010.0.0.0/8', '::ffff:10.0.0.0/104'],
  ])('refuses to start with %s', (trusted) => {
    expect(() => createAddressResolver(trusted)).toThrow(/^TRUSTED_PROXIES: /)
  })
})

describe('security 224: IPv6 counts by prefix, IPv4-mapped as IPv4', () => {
  it('agents 183: every address of a /64 is one bucket, the next /64 another', () => {
    expect(addressKey('2001:DB8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(addressKey('2001:db8:1:2::')).toBe(addressKey('2001:0db8:0001:0002:ffff:ffff:ffff:ffff'))
    expect(addressKey('2001:db8:1:3::')).not.toBe(addressKey('2001:db8:1:2::'))
  })

  it('every /64 of a /48 is one network; IPv4 has none', () => {
    expect(networkKey('2001:db8:1:2::9')).toBe('2001:db8:1::/48')
    expect(networkKey('2001:db8:1:ffff::9')).toBe(networkKey('2001:db8:1:0::1'))
    expect(networkKey('2001:db8:2::9')).not.toBe(networkKey('2001:db8:1::9'))
    expect(networkKey('203.0.113.9')).toBeNull()
    expect(networkKey('::ffff:203.0.113.9')).toBeNull()
    expect(networkKey('nonsense')).toBeNull()
  })

  it('agents 183: IPv4-mapped IPv6 is the IPv4 address, in both spellings, from the socket, the header and as a trusted peer', () => {
    const resolver = createAddressResolver('10.0.0.0/8')
    expect(createAddressResolver('').resolve('::ffff:203.0.113.9', undefined)).toBe('203.0.113.9')
    expect(resolver.resolve('::ffff:10.0.0.1', '::FFFF:CB00:7109')).toBe('203.0.113.9')
    expect(addressKey('::ffff:cb00:7109')).toBe('203.0.113.9')
  })

  it('an interface name does not make another bucket', () => {
    expect(createAddressResolver('').resolve('fe80::1%eth0', undefined)).toBe('fe80::1')
    expect(addressKey('fe80::1%eth0')).toBe(addressKey('fe80::1%eth1'))
  })
})
