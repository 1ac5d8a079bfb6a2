import { afterEach, describe, expect, it, vi } from 'vitest'
import { assertion, attestation, stubBrowser } from '../../test/browser.ts'
import { askAuthenticator } from './webauthn.ts'

afterEach(() => vi.unstubAllGlobals())

const { signal } = new AbortController()
const text = (value: unknown): string => new TextDecoder().decode(value as Uint8Array)

/** Base64url of bytes whose base64 has `+`, `/` and padding. */
const challenge = 'Pz8_Pj4-_w'

const creation = {
  challenge,
  rp: { id: 'app.test', name: 'App' },
  user: { id: 'dXNlcg', name: 'u', displayName: 'U' },
  pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  excludeCredentials: [{ id: 'b2xk', type: 'public-key', transports: ['usb'] }],
  attestation: 'direct',
  hints: ['security-key'],
  extensions: { credProps: true, minPinLength: true },
}

describe('askAuthenticator', () => {
  it('gives a browser with parse…FromJSON the server’s options as they are', async () => {
    const browser = stubBrowser({ parses: true })
    await askAuthenticator('create', creation, { signal })
    await askAuthenticator('get', { challenge }, { mediation: 'conditional', signal })
    expect(browser.asked).toEqual([
      { kind: 'create', options: { publicKey: { parsed: true, ...creation }, signal } },
      { kind: 'get', options: { publicKey: { parsed: true, challenge }, mediation: 'conditional', signal } },
    ])
  })

  it('decodes binary options itself in an older browser, and passes on the rest', async () => {
    const browser = stubBrowser()
    await askAuthenticator('create', creation, { signal })
    const publicKey = browser.asked[0]?.options.publicKey as typeof creation
    expect([...(publicKey.challenge as unknown as Uint8Array)]).toEqual([63, 63, 63, 62, 62, 62, 255])
    expect(text(publicKey.user.id)).toBe('user')
    expect(text(publicKey.excludeCredentials[0]?.id)).toBe('old')
    const { rp, pubKeyCredParams, attestation, hints, extensions } = creation
    expect(publicKey).toMatchObject({ rp, pubKeyCredParams, attestation, hints, extensions })
    expect(publicKey.excludeCredentials[0]).toMatchObject({ type: 'public-key', transports: ['usb'] })
    expect(publicKey).toMatchObject({ allowCredentials: undefined })
  })

  it('sends an attestation with transports, attachment and extension results, but never what PRF gave', async () => {
    stubBrowser()
    const sent = JSON.parse(JSON.stringify(await askAuthenticator('create', creation, { signal })))
    expect(sent).toEqual({
      id: 'Y3JlZA',
      rawId: 'Y3JlZA',
      type: 'public-key',
      response: {
        clientDataJSON: 'Y2xpZW50IGRhdGE_Pg',
        attestationObject: 'YXR0ZXN0YXRpb24',
        transports: ['internal', 'hybrid'],
      },
      authenticatorAttachment: 'platform',
      clientExtensionResults: { credProps: { rk: true }, prf: { enabled: true } },
    })
    expect(attestation.getClientExtensionResults().prf.results.first.byteLength).toBe(3)
  })

  it('sends an assertion, leaving out what the authenticator did not say', async () => {
    stubBrowser()
    const sent = JSON.parse(JSON.stringify(await askAuthenticator('get', { challenge }, { signal })))
    expect(sent).toEqual({
      id: 'Y3JlZA',
      rawId: 'Y3JlZA',
      type: 'public-key',
      response: { clientDataJSON: 'Y2xpZW50IGRhdGE', authenticatorData: 'ZGF0YQ', signature: 'c2ln' },
      clientExtensionResults: {},
    })
    expect(assertion.response.userHandle.byteLength).toBe(0)
  })
})
