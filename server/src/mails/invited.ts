import type { Config } from '../config.ts'
import { compose, foreign, type Letter, moment } from './compose.ts'

export type InvitedFacts = {
  /** `itk_…`; in this mail and nowhere else. */
  token: string
  accountName: string
  role: string
  /** The address of whoever invites, as that person gave it. */
  invitedBy: string | null
  expiresAt: Date
}

/** Asks somebody to belong to an account. Its one link holds the token behind `#`, so that fetching it sends nothing. */
export function invitedMail({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>, facts: InvitedFacts): Letter {
  const { token, accountName, role, invitedBy, expiresAt } = facts
  return compose('You are invited to an account', [
    { line: [`Somebody invites you to an account on ${PUBLIC_URL}.`] },
    {
      facts: [
        ['Account', foreign(accountName)],
        ['Your role', role],
        ['Invited by', invitedBy === null ? '–' : foreign(invitedBy)],
        ['Good until', moment(expiresAt)],
      ],
    },
    { line: ['You join with a passkey. Do you not know them? Then do nothing, and pass this mail on to nobody.'] },
    { link: `${PUBLIC_URL}/dashboard/join#${token}`, label: 'Look at it and join' },
  ])
}
