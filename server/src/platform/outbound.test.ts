import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpsHost, httpsHost, resolverOf } from '../../test/https-host.ts'
import { createOutbound, isPublicAddress } from './outbound.ts'

const limits = { maxBytes: 1000, timeoutMillis: 300 }

describe('security 199: addresses that are nobody else’s to reach', () => {
  it.each([
    '127.0.0.1',
    '127.1.2.3',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fc00::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'not an address',
  ])('%s', (address) => expect(isPublicAddress(address)).toBe(false))

  it.each(['93.184.216.34', '2606:2800:220:1::1'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
})

describe('what is fetched from a host that a stranger names', () => {
  let host: HttpsHost
  beforeAll(async () => {
    host = await httpsHost()
  })
  afterAll(() => host.close())

  const get = (path = '/doc', outbound = host.outbound) => outbound(`${host.origin}${path}`, limits)

  it('is its body and type', async () => {
    host.answer((_request, response) => void response.setHeader('content-type', 'application/json').end('{}'))
    expect(await get()).toMatchObject({ body: Buffer.from('{}'), contentType: 'application/json' })
  })

  it('security 198: no redirect is followed', async () => {
    host.answer((_request, response) => void response.writeHead(302, { location: `${host.origin}/other` }).end())
    const before = host.count
    await expect(get()).rejects.toThrow('status 302')
    expect(host.count).toBe(before + 1)
  })

  it('security 201: a body over the limit, one that never ends, and one that never begins are cut', async () => {
    host.answer((_request, response) => void response.end(Buffer.alloc(1001)))
    await expect(get()).rejects.toThrow('too large')
    host.answer((_request, response) => void response.write('{'))
    await expect(get()).rejects.toThrow()
    host.answer(() => undefined)
    await expect(get()).rejects.toThrow('no answer')
  })

  it('security 199: a name that leads inside, also among others, is refused before anything is sent', async () => {
    const before = host.count
    for (const found of [['127.0.0.1'], ['93.184.216.34', '10.0.0.1'], ['::1'], []]) {
      await expect(get('/doc', createOutbound({ ca: 'x', lookup: resolverOf(found) }))).rejects.toThrow()
    }
    expect(host.count).toBe(before)
  })

  it('security 200: an answer that changes between two look-ups is looked at where it connects', async () => {
    const outbound = createOutbound({ ca: 'x', lookup: resolverOf(['93.184.216.34'], ['127.0.0.1']) })
    const before = host.count
    // The first look-up is the only one, and what it found is what is connected to.
    await expect(get('/doc', outbound)).rejects.toThrow()
    await expect(get('/doc', outbound)).rejects.toThrow('address not allowed')
    expect(host.count).toBe(before)
  })

  it.each([
    'http://client.example.com/doc',
    'https://user:pw@client.example.com/doc',
    'https://client.example.com:22/doc',
    'https://127.0.0.1/doc',
    'https://2130706433/doc',
    'https://0x7f000001/doc',
    'https://0177.0.0.1/doc',
    'https://[::1]/doc',
    'https://[::ffff:127.0.0.1]/doc',
  ])('security 198, 199: %s is not fetched', async (url) => {
    await expect(createOutbound()(url, limits)).rejects.toThrow(/not https|user info|not allowed/)
  })
})
