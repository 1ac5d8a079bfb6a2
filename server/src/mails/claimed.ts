import type { Config } from '../config.ts'
import { compose, foreign, type Letter, moment } from './compose.ts'

export type ClaimedFacts = {
  /** What the agent calls itself. */
  agentName: string
  /** Where the request came from. */
  ip: string
  at: Date
}

/** Tells a person whose account took over an agent's tenant (agents.md §3.2). */
export function claimedMail({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>, { agentName, ip, at }: ClaimedFacts): Letter {
  return compose("You took over an agent's tenant", [
    { line: [`With your passkey you took over a tenant on ${PUBLIC_URL}. It is part of your account now.`] },
    {
      facts: [
        ['Agent (it chose this name itself)', foreign(agentName)],
        ['Asked from', ip],
        ['Taken over at', moment(at)],
      ],
    },
    { line: ['The agent keeps its client credentials. A new client secret for the application ends them.'] },
  ])
}
