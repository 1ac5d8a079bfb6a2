import type { Config } from '../config.ts'
import { compose, type Letter, moment } from './compose.ts'

export type AddressProofFacts = {
  /** `apt_…`; in this mail and nowhere else. */
  token: string
  /** Where the request came from. */
  ip: string
  at: Date
  expiresAt: Date
}

/** Asks whether a mailbox is the person's who says so. Its one link holds the token behind `#`: fetching it sends nothing. */
export function addressProofMail({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>, facts: AddressProofFacts): Letter {
  const { token, ip, at, expiresAt } = facts
  return compose('Confirm your e-mail address', [
    { line: [`Somebody who is signed in to ${PUBLIC_URL} says that this is their e-mail address.`] },
    {
      facts: [
        ['Asked from', ip],
        ['Asked at', moment(at)],
        ['Good until', moment(expiresAt)],
      ],
    },
    { line: ['If you confirm, agents that register with this address get keys for your account.'] },
    { line: ['Was that not you? Then do nothing, and pass this mail on to nobody: nothing will happen.'] },
    { link: `${PUBLIC_URL}/dashboard/address#token=${token}`, label: 'Confirm the address' },
  ])
}
