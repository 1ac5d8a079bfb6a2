import { expect, it } from 'vitest'
import { assertion } from '../../test/passkey-ceremonies.ts'
import { offeredAlgorithms } from './algorithms.ts'
import { verifyAssertion } from './assertion.ts'

it('offers ES256, EdDSA, RS256, then ML-DSA, which Node 24 verifies', () => {
  expect(offeredAlgorithms()).toEqual([-7, -8, -257, -48, -49, -50])
  expect(offeredAlgorithms()).toBe(offeredAlgorithms())
  expect(Object.isFrozen(offeredAlgorithms())).toBe(true)
})

it.each([...offeredAlgorithms()])('offers nothing whose assertions it could not verify: %i', (algorithm) => {
  expect(verifyAssertion(assertion({ authenticator: { algorithm } }).input).userVerified).toBe(true)
})
