import type { Config } from '../config.ts'
import { compose, foreign, type Letter, moment } from './compose.ts'

export type RefusedFacts = {
  agentName: string
  ip: string
  at: Date
  /** `closed`: the server takes no new accounts. `disabled`: the account of this address is disabled. */
  why: 'closed' | 'disabled'
}

const reasons = {
  closed: 'This server takes no new accounts, so there is nothing to confirm.',
  disabled: 'The account of this address is disabled, so no key can be added to it.',
} as const

/** Says that a registration leads nowhere (agents.md §5.4); to the mailbox only, whoever asked hears nothing of it. */
export function agentRefusedMail(
  { PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>,
  { agentName, ip, at, why }: RefusedFacts,
): Letter {
  return compose('An agent could not be registered', [
    { line: [`Somebody asked ${PUBLIC_URL} to register an agent with this e-mail address.`] },
    {
      facts: [
        ['Agent (it chose this name itself)', foreign(agentName)],
        ['Asked from', ip],
        ['Asked at', moment(at)],
      ],
    },
    { line: [reasons[why]] },
  ])
}
