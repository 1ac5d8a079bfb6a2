import { lookup as systemLookup } from 'node:dns'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Why an outbound request did not succeed; says nothing of what was found inside the network. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
}

/** Whether an address is on the public internet: every other range is ours, the machine's, or nobody's (security 199). */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false
  return ipaddr.process(text).range() === 'unicast'
}

export type OutboundOptions = {
  /** Which addresses may be connected to; public ones. */
  allows?: (address: string) => boolean
  /** Certificates to trust beside the system's. */
  ca?: string
  lookup?: typeof systemLookup
}

export type Fetched = { body: Buffer; contentType: string; cacheControl: string }

const ports: readonly string[] = ['', '443', '8443']

/**
 * Fetches small documents from hosts that strangers name (security.md §2 M): https only, few ports, no redirects, at most
 * `maxBytes` and `timeoutMillis` in all. The address that is checked is the one that is connected to, so a name that
 * resolves differently a second time gains nothing (security 200).
 */
export function createOutbound({ allows = isPublicAddress, ca, lookup = systemLookup }: OutboundOptions = {}) {
  const guarded: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      const addresses = Array.isArray(found) ? found : []
      const refused = addresses.length === 0 || addresses.some(({ address }) => !allows(address))
      if (refused) return callback(new OutboundError('address not allowed'), '', 0)
      const [first] = addresses
      if (options.all) return (callback as (e: null, all: typeof addresses) => void)(null, addresses)
      callback(null, first?.address ?? '', first?.family ?? 4)
    })
  }

  return function get(text: string, limits: { maxBytes: number; timeoutMillis: number }): Promise<Fetched> {
    return new Promise((resolve, reject) => {
      const url = new URL(text)
      const host = url.hostname.replace(/^\[|\]$/g, '')
      if (url.protocol !== 'https:') return reject(new OutboundError('not https'))
      if (url.username !== '' || url.password !== '') return reject(new OutboundError('user info'))
      if (!ports.includes(url.port) && !ca) return reject(new OutboundError('port not allowed'))
      // An address in the URL is not looked up: it is checked here.
      if (isIP(host) !== 0 && !allows(host)) return reject(new OutboundError('address not allowed'))
      const signal = AbortSignal.timeout(limits.timeoutMillis)
      const fail = (reason: string) => {
        sent.destroy()
        reject(new OutboundError(reason))
      }
      const sent = request(
        url,
        { lookup: guarded, signal, agent: false, headers: { accept: 'application/json' }, ...(ca ? { ca } : {}) },
        (response) => {
          if (response.statusCode !== 200) return fail(`status ${response.statusCode}`)
          const parts: Buffer[] = []
          let size = 0
          response.on('data', (part: Buffer) => {
            size += part.length
            if (size > limits.maxBytes) fail('too large')
            else parts.push(part)
          })
          response.on('end', () =>
            resolve({
              body: Buffer.concat(parts),
              contentType: String(response.headers['content-type'] ?? ''),
              cacheControl: String(response.headers['cache-control'] ?? ''),
            }),
          )
          response.on('error', () => reject(new OutboundError('interrupted')))
        },
      )
      sent.on('error', (error) => reject(error instanceof OutboundError ? error : new OutboundError('no answer')))
      sent.end()
    })
  }
}

export type Outbound = ReturnType<typeof createOutbound>
