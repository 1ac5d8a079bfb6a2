/** What the first segment of an operation's name stands for: the sections of the reference. */
export const tags: Readonly<Record<string, { title: string; about: string }>> = {
  onboarding: {
    title: 'Onboarding',
    about: 'The vending machine: a tenant, an application and client credentials with one unauthenticated call.',
  },
  oauth: { title: 'OAuth', about: 'Access tokens for backends and agents.' },
  applications: { title: 'Applications', about: 'Products that use sign-in: their origins, RP ID and settings.' },
  users: { title: 'Users', about: 'End users of an application, with their passkeys and sessions, for its backend.' },
  audit_logs: { title: 'Audit logs', about: 'What happened, who did it, and whether it was allowed.' },
  usage: { title: 'Usage', about: 'Calls and active users of a month.' },
  privacy: { title: 'Privacy', about: 'What is stored about one user, for whoever asks for their data.' },
  passkeys: { title: 'Passkeys', about: 'Registration and sign-in, and what a signed-in user does with own passkeys.' },
  sessions: { title: 'Sessions', about: 'Sessions of end users.' },
  meta: { title: 'Server', about: 'Whether the server works, its public keys and metadata, and this document.' },
}
