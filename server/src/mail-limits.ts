import type { LimitRow } from './platform/limits.ts'

/** Rows of the limits table (`limits.ts`) for what sends mails to mailboxes that the caller names. */
export const mailLimits = {
  invitation: {
    about: 'Invitations that the people of one account send.',
    key: 'account',
    points: 30,
    seconds: 3600,
    stage: 'input',
    refund: ['service_unavailable'],
  },
  invitation_email: {
    about: 'Invitations to one mailbox, whatever tags its address has, from any account.',
    key: 'mailbox',
    points: 5,
    seconds: 86_400,
    stage: 'input',
    refund: ['service_unavailable'],
  },
  agent_email: {
    about: 'Registrations of agents for one mailbox, whatever tags its address has.',
    key: 'mailbox',
    points: 3,
    seconds: 3600,
    stage: 'input',
    refund: ['service_unavailable'],
  },
  agent_email_day: {
    about: 'The same over a day.',
    key: 'mailbox',
    points: 10,
    seconds: 86_400,
    stage: 'input',
    refund: ['service_unavailable'],
  },
  agent_email_domain: {
    about: 'Registrations of agents for all mailboxes of a domain where anybody gets one.',
    key: 'free_mail',
    points: 20,
    seconds: 86_400,
    stage: 'input',
    refund: ['service_unavailable'],
  },
  agent_email_ip: {
    about: 'Registrations of agents by e-mail from one address.',
    key: 'address',
    points: 5,
    seconds: 3600,
    stage: 'input',
    refund: ['service_unavailable'],
  },
} as const satisfies Record<string, LimitRow>
