import type { LimitRow } from './platform/limits.ts'

/**
 * The limits of the server (http-api.md §2.6, agents.md §15). Endpoints name their rows; `RATE_LIMIT_OVERRIDES` changes
 * counts and windows. Several rows may apply to one call: the tightest answers.
 */
export const limitTable = {
  onboarding_ai: {
    about: 'One tenant an hour from the vending machine for each address; a full machine does not cost the hour.',
    key: 'address',
    points: 1,
    seconds: 3600,
    stage: 'input',
    refund: ['free_ai_capacity_reached', 'service_unavailable'],
  },
  onboarding_ai_net: {
    about: 'Keeps a site with many IPv6 networks from emptying the vending machine.',
    key: 'network',
    points: 10,
    seconds: 3600,
    stage: 'input',
    refund: ['free_ai_capacity_reached', 'service_unavailable'],
  },
  onboarding_step: {
    about: 'Looking at the vending machine, and every other step of onboarding.',
    key: 'address',
    points: 120,
    seconds: 60,
    stage: 'address',
  },
  oauth_token: {
    about: 'Token requests of one client, whoever sends them.',
    key: 'client',
    points: 120,
    seconds: 60,
    stage: 'input',
  },
  oauth_token_ip: {
    about: 'Token requests from one address, for any client.',
    key: 'address',
    points: 600,
    seconds: 60,
    stage: 'address',
  },
  oauth_lookup: {
    about: 'Introspection and revocation by one client.',
    key: 'client',
    points: 1200,
    seconds: 60,
    stage: 'input',
  },
  client_auth_failures: {
    about: 'Wrong client secrets for one client from one address, wherever they are presented.',
    key: 'client+address',
    points: 10,
    seconds: 900,
    stage: 'input',
    failures: true,
    // Taken before the secret is looked at, given back when it is right.
    refund: [],
  },
  client_auth_failures_ip: {
    about: 'Wrong client secrets from one address, for any client.',
    key: 'address',
    points: 50,
    seconds: 900,
    stage: 'input',
    failures: true,
    // Taken before the secret is looked at, given back when it is right.
    refund: [],
  },
  discovery: {
    about: 'Metadata documents, the JWKS and the OpenAPI document.',
    key: 'address',
    points: 600,
    seconds: 60,
    stage: 'address',
  },
  admin_read: {
    about: 'Reads of the admin API by one credential.',
    key: 'principal',
    points: 600,
    seconds: 60,
    stage: 'principal',
  },
  admin_write: {
    about: 'Changes through the admin API by one credential.',
    key: 'principal',
    points: 300,
    seconds: 60,
    stage: 'principal',
  },
  admin_application: {
    about: 'All admin calls of one application, so that many tokens are no way around the rows above.',
    key: 'backend',
    points: 3000,
    seconds: 60,
    stage: 'principal',
  },
  admin_export: {
    about: 'Whole-range exports and privacy reports, which read far more than a page.',
    key: 'application',
    points: 20,
    seconds: 3600,
    stage: 'input',
  },
  import: {
    about: 'Bulk imports of users, each of up to 10,000 lines.',
    key: 'application',
    points: 60,
    seconds: 60,
    stage: 'principal',
  },
  secret_rotation: {
    about: 'New client or webhook secrets for one application.',
    key: 'application',
    points: 30,
    seconds: 3600,
    stage: 'principal',
  },
  ceremony: {
    about: 'Passkey ceremonies from one address with one application.',
    key: 'address+application',
    points: 120,
    seconds: 60,
    stage: 'principal',
  },
  ceremony_user: {
    about: 'Ceremonies begun for one named user, from anywhere.',
    key: 'application+user',
    points: 20,
    seconds: 900,
    stage: 'input',
  },
  ceremony_application: {
    about: 'All ceremonies of one application.',
    key: 'application',
    points: 6000,
    seconds: 60,
    stage: 'principal',
  },
  session: {
    about: 'Validation and the other calls of one session.',
    key: 'session',
    points: 300,
    seconds: 60,
    stage: 'principal',
  },
  not_found: {
    about: 'Unknown addresses, so that guessing paths is slow.',
    key: 'address',
    points: 300,
    seconds: 60,
    stage: 'address',
  },
} as const satisfies Record<string, LimitRow>

export type LimitName = keyof typeof limitTable
