import type { Config } from '../config.ts'
import { compose, foreign, type Letter, moment } from './compose.ts'

export type ApprovedFacts = {
  /** What the agent calls itself. */
  agentName: string
  /** Each right in plain words, as the approval page showed it. */
  rights: readonly string[]
  /** Where the request came from. */
  ip: string
  at: Date
  /** Path on this server of the page that revokes the agent with one click. */
  revokePath: `/${string}`
}

/** Tells the approver what was approved, with the way back (agents.md §4.3). */
export function approvedMail({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>, facts: ApprovedFacts): Letter {
  const { agentName, rights, ip, at, revokePath } = facts
  return compose('You gave an agent access to your account', [
    { line: [`With your passkey you approved an agent on ${PUBLIC_URL}.`] },
    {
      facts: [
        ['Agent (it chose this name itself)', foreign(agentName)],
        ['It may', rights.join('; ')],
        ['Asked from', ip],
        ['Approved at', moment(at)],
      ],
    },
    { line: ['Was that not you, or is it more than you wanted? Then revoke it now:'] },
    { link: `${PUBLIC_URL}${revokePath}`, label: 'Look at it and revoke' },
  ])
}
