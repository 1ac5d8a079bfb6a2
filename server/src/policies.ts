import type { PolicyRow } from './platform/authorize.ts'

/**
 * Who may do what (http-api.md §1.2, §1.4): endpoints name their row, and a kind of principal that a row leaves out is
 * refused. Reach is the widest a kind gets: whatever lies beyond it answers like what does not exist.
 */
export const policies = {
  open: {
    about: 'Anybody; nothing of a tenant is shown.',
    reach: { anonymous: 'nothing' },
    actor: false,
  },
  hosted_sign_up: {
    about: 'Anybody who wants an account, or a browser with the publishable key for an end user of that application.',
    reach: { anonymous: 'application' },
    actor: false,
  },
  ceremony: {
    about: 'A browser with the publishable key, or a signed-in user who adds a passkey.',
    reach: { anonymous: 'application', end_user: 'self' },
    actor: false,
  },
  own_read: {
    about: "What belongs to the signed-in end user; also on that user's behalf.",
    reach: { end_user: 'self' },
    actor: true,
  },
  own_write: {
    about: 'Changes by the signed-in end user in person.',
    reach: { end_user: 'self' },
    actor: false,
  },
  application_read: {
    about: 'What belongs to the application that the credential works for.',
    reach: { service: 'application', agent: 'application', user: 'application' },
    role: 'viewer',
    actor: false,
  },
  application_write: {
    about: 'Changes to what belongs to the application that the credential works for.',
    reach: { service: 'application', agent: 'application', user: 'application' },
    role: 'admin',
    actor: false,
  },
  tenant_read: {
    about: 'What the whole tenant may see, such as its applications.',
    reach: { service: 'tenant', agent: 'account', user: 'account' },
    role: 'viewer',
    actor: false,
  },
  connection: {
    about: 'What a credential is and reaches, told to whoever holds it, whatever its scopes.',
    reach: { service: 'application', agent: 'account', user: 'account' },
    role: 'viewer',
    actor: false,
  },
  application_create: {
    about:
      'A new application: in the tenant of a program, in a new tenant of the account for a person or a secret key.',
    reach: { service: 'tenant', agent: 'account', user: 'account' },
    role: 'admin',
    actor: false,
  },
  application_change: {
    about: 'Settings of an application: a program changes its own, a person those of any in the account.',
    reach: { service: 'application', agent: 'account', user: 'account' },
    role: 'admin',
    actor: false,
  },
  session_end: {
    about: 'Ending a session: any of the application for a backend, the own ones for an end user.',
    reach: { service: 'application', agent: 'application', user: 'application', end_user: 'self' },
    role: 'admin',
    actor: false,
  },
  secret_rotation: {
    about:
      'A new client secret, by who may hold it: a program for its own application, a person for any of the account.',
    reach: { service: 'application', agent: 'account', user: 'account' },
    role: 'admin',
    actor: false,
    refusal: 'application_rotation_not_allowed',
  },
  lifecycle: {
    about: 'Suspending, activating and deleting: for people of the account, never for a program.',
    reach: { user: 'account' },
    role: 'admin',
    actor: false,
  },
  account_read: {
    about: 'What belongs to the account as a whole, such as its secret keys.',
    reach: { agent: 'account', user: 'account' },
    role: 'viewer',
    actor: false,
  },
  account_write: {
    about: 'Changes to what belongs to the account as a whole.',
    reach: { agent: 'account', user: 'account' },
    role: 'admin',
    actor: false,
  },
  key_rotation: {
    about:
      'A secret key in place of another: a key for itself, a program with `keys:write` or a person for any in reach.',
    reach: { agent: 'account', user: 'account' },
    role: 'admin',
    actor: false,
  },
  own_key: {
    about: 'What a secret key may do about itself.',
    reach: { agent: 'self' },
    actor: false,
  },
  account_decision: {
    about: 'Decisions that only a person of the account may take, such as letting a program in.',
    reach: { user: 'account' },
    role: 'admin',
    actor: false,
  },
  account_people: {
    about: "A person's own account and session: also while the account is on the wait-list.",
    reach: { user: 'account' },
    role: 'viewer',
    waitlisted: true,
    actor: false,
  },
  account_owner: {
    about: 'Who belongs to the account, and what only its owners decide.',
    reach: { user: 'account' },
    role: 'owner',
    actor: false,
  },
  operator: {
    about: 'What only whoever runs the server does; for everybody else there is nothing at the address.',
    reach: { user: 'nothing' },
    role: 'viewer',
    waitlisted: true,
    operator: true,
    actor: false,
    refusal: 'not_found',
  },
} as const satisfies Record<string, PolicyRow>

export type PolicyName = keyof typeof policies
