import { BlockList, isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'

/** An address, or a network with how many bits of it count. */
export type AddressRange = { base: string; prefix: number; family: 'ipv4' | 'ipv6' }

/** null: neither an address nor a CIDR range; octal, hexadecimal and short forms of IPv4 are none. */
export function parseRange(text: string): AddressRange | null {
  const [base = '', bits, rest] = text.split('/')
  const version = base.includes('%') ? 0 : isIP(base)
  const longest = version === 4 ? 32 : 128
  const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  if (version === 0 || rest !== undefined || !(prefix <= longest)) return null
  return { base, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** Whether IPv4 is written as IPv6; callers' addresses never are. */
export const isMapped = ({ base, family }: AddressRange): boolean =>
  family === 'ipv6' && ipaddr.IPv6.parse(base).isIPv4MappedAddress()

function networkOf({ base, prefix, family }: AddressRange): string {
  const kind = family === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  return kind.networkAddressFromCIDR(`${base}/${prefix}`).toString()
}

/** The one way in which a range is written; of a single address without its prefix. */
function canonical(range: AddressRange): string {
  const isSingle = range.prefix === (range.family === 'ipv4' ? 32 : 128)
  return isSingle ? networkOf(range) : `${networkOf(range)}/${range.prefix}`
}

function problemOf(text: string): string | null {
  const range = parseRange(text)
  if (!range) return 'must be an address or a CIDR range such as 192.0.2.0/24 or 2001:db8::/32'
  if (range.prefix === 0) return 'must not be every address: leave the list out for that'
  if (isMapped(range)) return 'must be written as IPv4, not as IPv6'
  const base = ipaddr.parse(range.base).toString()
  return base === networkOf(range) ? null : `must have no bits beyond its prefix: write ${canonical(range)}`
}

/** A list of addresses and ranges as callers send it; `canonicalRanges` is how it is kept. */
export const AddressRanges = z
  .array(
    z
      .string()
      .max(64, 'must be at most 64 characters')
      .superRefine((text, context) => {
        const problem = text.length <= 64 ? problemOf(text) : null
        if (problem) context.addIssue({ code: 'custom', message: problem })
      }),
  )
  .min(1, 'must name at least one address')
  .max(20, 'must have at most 20 entries')

/** Each range once, written in one way. @param ranges of `AddressRanges` */
export const canonicalRanges = (ranges: readonly string[]): string[] => [
  ...new Set(ranges.map((text) => canonical(parseRange(text) as AddressRange))),
]

/** Addresses that are allowed; without any range, all of them. */
export type AddressList = { ranges: readonly string[]; allows(address: string): boolean }

const every: AddressList = { ranges: [], allows: () => true }

/** Ready to be asked on every request. */
export function addressList(ranges: readonly string[]): AddressList {
  if (ranges.length === 0) return every
  const list = new BlockList()
  for (const text of ranges) {
    // What is stored was checked; should it ever not be a range, it allows nobody.
    const range = parseRange(text)
    if (range) list.addSubnet(range.base, range.prefix, range.family)
  }
  return {
    ranges,
    allows(address) {
      const version = isIP(address)
      return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

/**
 * Whether a list allows no address that another one refuses. Each range must lie in one of the other's: two that lie side
 * by side are not put together, which errs on the side of refusing.
 */
export function isNarrower(ranges: readonly string[], than: readonly string[]): boolean {
  if (than.length === 0) return true
  const wider = than.flatMap((text) => parseRange(text) ?? [])
  const lies = (range: AddressRange): boolean =>
    wider.some((other) => {
      if (other.family !== range.family || other.prefix > range.prefix) return false
      return networkOf({ ...range, prefix: other.prefix }) === networkOf(other)
    })
  return (
    ranges.length > 0 &&
    ranges.every((text) => {
      const range = parseRange(text)
      return range !== null && lies(range)
    })
  )
}
