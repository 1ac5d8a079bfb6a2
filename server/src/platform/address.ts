import { BlockList, isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { isMapped, parseRange } from './address-list.ts'

export type AddressResolver = {
  /**
   * @param socketAddress what the connection says; undefined once the peer is gone
   * @param xForwardedFor the header, several of them joined by commas; ignored unless the peer is a trusted proxy
   * @returns the caller's address, IPv4-mapped IPv6 as IPv4, without zone; always a valid address
   */
  resolve(socketAddress: string | undefined, xForwardedFor: string | undefined): string
}

/** All callers whose address cannot be told share this one, so that having none is never a way around a limit. */
const UNKNOWN = '0.0.0.0'

const loopback = ['127.0.0.0/8', '::1/128']

// Some proxies write the port: 192.0.2.1:443 and [2001:db8::1]:443.
const withPort = /^(?:(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}|\[([0-9a-f:.]+)\](?::\d{1,5})?)$/i

/** `node:net` decides what an address is: octal, hexadecimal and short forms of IPv4 are none. */
function parseIPv6(text: string) {
  const zone = text.indexOf('%')
  const plain = zone === -1 ? text : text.slice(0, zone)
  return isIPv6(plain) ? ipaddr.process(plain) : null
}

/** Canonical text of an address, or null. */
function parseAddress(text: string): string | null {
  return isIPv4(text) ? text : (parseIPv6(text)?.toString() ?? null)
}

function parseHop(text: string): string | null {
  // A zone names an interface of the machine that wrote it.
  if (text.includes('%')) return null
  const ported = text.length <= 64 ? withPort.exec(text) : null
  return parseAddress(ported ? (ported[1] ?? ported[2] ?? '') : text)
}

function addRange(list: BlockList, entry: string): void {
  const range = parseRange(entry)
  if (!range) throw new Error(`TRUSTED_PROXIES: "${entry}" is neither an address, a CIDR range nor the word loopback`)
  if (range.prefix === 0)
    throw new Error(`TRUSTED_PROXIES: "${entry}" trusts every peer, so any caller could name any address`)
  if (isMapped(range)) {
    throw new Error(`TRUSTED_PROXIES: write the IPv4 form of "${entry}"; IPv4-mapped peers are compared as IPv4`)
  }
  list.addSubnet(range.base, range.prefix, range.family)
}

/**
 * Says whose request it is (http-api.md §2.6): the socket's address or, when that is a trusted proxy, the one it names,
 * walking `X-Forwarded-For` from the right past trusted hops. What stands left of the first untrusted hop is the
 * caller's own claim and is never read. A hop that is no address: the socket's address counts.
 * @param trusted TRUSTED_PROXIES: empty, or addresses, CIDR ranges and the word `loopback`, separated by commas
 * @throws Error for anything else, `*` and ranges of everything included
 */
export function createAddressResolver(trusted: string): AddressResolver {
  const entries = trusted.split(',').map((entry) => entry.trim())
  const ranges = entries.flatMap((entry) => (entry === 'loopback' ? loopback : entry === '' ? [] : entry))
  const list = new BlockList()
  for (const range of ranges) addRange(list, range)
  const trusts = (address: string) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')

  return {
    resolve(socketAddress, xForwardedFor) {
      const peer = parseAddress(socketAddress ?? '') ?? UNKNOWN
      if (ranges.length === 0 || !xForwardedFor || !trusts(peer)) return peer
      let current = peer
      let end = xForwardedFor.length
      while (end > 0) {
        const comma = xForwardedFor.lastIndexOf(',', end - 1)
        const hop = parseHop(xForwardedFor.slice(comma + 1, end).trim())
        if (hop === null) return peer
        current = hop
        if (!trusts(hop)) break
        end = comma
      }
      return current
    },
  }
}

function prefixOf(address: ipaddr.IPv6, bits: 48 | 64): string {
  const parts = address.parts.map((part, index) => (index < bits / 16 ? part : 0))
  return `${new ipaddr.IPv6(parts).toString()}/${bits}`
}

/**
 * The bucket that limits count an address in: IPv4 whole, IPv6 by /64 (one household or one machine), in canonical form.
 * @param ip an address as `resolve` returns it; whatever is none falls into one bucket of its own
 */
export function addressKey(ip: string): string {
  if (isIPv4(ip)) return ip
  const address = parseIPv6(ip)
  if (address === null) return UNKNOWN
  return 'parts' in address ? prefixOf(address, 64) : address.toString()
}

/** The wider bucket of an IPv6 address, its /48 (one site); null for IPv4, where a neighbour is a stranger. */
export function networkKey(ip: string): string | null {
  const address = isIPv4(ip) ? null : parseIPv6(ip)
  return address !== null && 'parts' in address ? prefixOf(address, 48) : null
}
