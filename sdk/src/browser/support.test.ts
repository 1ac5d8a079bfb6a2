import { afterEach, describe, expect, it, vi } from 'vitest'
import { stubBrowser } from '../../test/browser.ts'
import { TryMellon } from '../index.ts'

afterEach(() => vi.unstubAllGlobals())

describe('capabilities', () => {
  it('of a device that makes passkeys itself', async () => {
    stubBrowser()
    expect(TryMellon.isSupported()).toBe(true)
    expect(await TryMellon.capabilities()).toEqual({
      isPasskeySupported: true,
      platformAuthenticatorAvailable: true,
      conditionalUi: true,
      recommendedFlow: 'passkey',
    })
  })

  it('of a device that does not', async () => {
    stubBrowser({ platform: false, conditional: false })
    expect(await TryMellon.capabilities()).toMatchObject({ isPasskeySupported: true, recommendedFlow: 'fallback' })
  })

  it('of a place without passkeys, and of a browser that fails to say', async () => {
    const none = {
      isPasskeySupported: false,
      platformAuthenticatorAvailable: false,
      conditionalUi: false,
      recommendedFlow: 'fallback',
    }
    expect(TryMellon.isSupported()).toBe(false)
    expect(await TryMellon.capabilities()).toEqual(none)
    stubBrowser()
    const broken = () => Promise.reject(new Error('broken'))
    Object.assign(globalThis.PublicKeyCredential, {
      isConditionalMediationAvailable: undefined,
      isUserVerifyingPlatformAuthenticatorAvailable: broken,
    })
    expect(await TryMellon.capabilities()).toEqual({ ...none, isPasskeySupported: true })
  })
})
