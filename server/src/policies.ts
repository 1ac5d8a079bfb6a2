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
    reach: { service: 'tenant', agent: 'tenant', user: 'account' },
    role: 'viewer',
    actor: false,
  },
  application_create: {
    about: 'A new application in the tenant.',
    reach: { service: 'tenant', agent: 'tenant', user: 'tenant' },
    role: 'admin',
    actor: false,
  },
  application_change: {
    about: 'Settings of an application: a program changes its own, a person those of any in the account.',
    reach: { service: 'application', agent: 'application', user: 'account' },
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
    reach: { service: 'application', agent: 'application', user: 'account' },
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
} as const satisfies Record<string, PolicyRow>

export type PolicyName = keyof typeof policies
