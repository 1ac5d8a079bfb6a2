/** What the first segment of an operation's name stands for: the sections of the reference. */
export const tags: Readonly<Record<string, { title: string; about: string }>> = {
  onboarding: {
    title: 'Onboarding',
    about:
      'The vending machine: a tenant, an application and client credentials with one unauthenticated call. And the hosted page, where people sign up.',
  },
  oauth: { title: 'OAuth', about: 'Access tokens for backends and agents.' },
  account: { title: 'Account', about: 'The account of a signed-in person, and the people in it.' },
  invitations: { title: 'Invitations', about: 'What the page behind the link of an invitation calls.' },
  dashboard: { title: 'Dashboard', about: "Signing in to the server's own dashboard." },
  agents: { title: 'Agents', about: 'Programs with access to an account, and how one gets it by e-mail.' },
  keys: {
    title: 'Secret keys',
    about: 'Secret keys of agents: made, replaced, revoked, and reported when they leaked.',
  },
  connection: { title: 'Connection', about: 'What the credential that calls is, and what it reaches.' },
  device: {
    title: 'Device authorisation',
    about: 'Access that a person grants with a code and a passkey (RFC 8628), and taking over an unclaimed tenant.',
  },
  authorization: { title: 'Authorization', about: 'The consent page of the authorization code grant (RFC 6749 §4.1).' },
  clients: { title: 'Clients', about: 'OAuth clients that register themselves (RFC 7591).' },
  agent_identity: {
    title: 'Agent identity',
    about: 'Other names for the ways to credentials, as `agent_auth` in the metadata announces them.',
  },
  tenants: { title: 'Tenants', about: 'The isolated parts of an account, each with its applications.' },
  applications: { title: 'Applications', about: 'Products that use sign-in: their origins, RP ID and settings.' },
  users: { title: 'Users', about: 'End users of an application, with their passkeys and sessions, for its backend.' },
  audit_logs: { title: 'Audit logs', about: 'What happened, who did it, and whether it was allowed.' },
  usage: { title: 'Usage', about: 'Calls and active users of a month.' },
  privacy: { title: 'Privacy', about: 'What is stored about one user, for whoever asks for their data.' },
  passkeys: { title: 'Passkeys', about: 'Registration and sign-in, and what a signed-in user does with own passkeys.' },
  sessions: { title: 'Sessions', about: 'Sessions of end users.' },
  operator: { title: 'Operator', about: 'What whoever runs the server does in the dashboard.' },
  meta: { title: 'Server', about: 'Whether the server works, its public keys and metadata, and this document.' },
}
