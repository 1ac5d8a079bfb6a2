import { expect, it } from 'vitest'
import { mayRegister, type RegistrationCase } from './registration-policy.ts'

const fresh = { disabled: false, everHadPasskey: false }
const known = { disabled: false, everHadPasskey: true }
const disabled = { disabled: true, everHadPasskey: true }
const base: RegistrationCase = { policy: 'open', anonymousSignup: true, bySession: false, anonymous: false, user: null }

it.each<[string, Partial<RegistrationCase>, boolean]>([
  ['open: a new name', {}, true],
  ['open: a user without any passkey', { user: fresh }, true],
  ['open: a user who has had one', { user: known }, false],
  ['open: nobody in particular', { anonymous: true }, true],
  ['open: nobody in particular, where that is off', { anonymous: true, anonymousSignup: false }, false],
  ['preregistered: a new name', { policy: 'preregistered' }, false],
  ['preregistered: a user without any passkey', { policy: 'preregistered', user: fresh }, true],
  ['preregistered: a user who has had one', { policy: 'preregistered', user: known }, false],
  ['preregistered: nobody in particular', { policy: 'preregistered', anonymous: true }, false],
  ['ticket: a new name', { policy: 'ticket' }, false],
  ['ticket: a user without any passkey', { policy: 'ticket', user: fresh }, false],
  ['ticket: with the own session', { policy: 'ticket', user: known, bySession: true }, true],
  ['with the own session', { user: known, bySession: true }, true],
  ['with the session of an erased user', { user: null, bySession: true }, false],
  ['a disabled user', { user: disabled }, false],
  ['a disabled user with a session', { user: disabled, bySession: true }, false],
])('%s', (_, given, allowed) => {
  expect(mayRegister({ ...base, ...given })).toBe(allowed)
})
