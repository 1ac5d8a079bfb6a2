import type { Config } from '../config.ts'
import { compose, foreign, type Letter, moment } from './compose.ts'

export type VerificationFacts = {
  /** `emt_…`; in this mail and nowhere else. */
  token: string
  agentName: string
  /** The requester's address. */
  ip: string
  at: Date
  /** The mailbox has an account already. */
  adds: boolean
}

/**
 * The mail that proves a mailbox (agents.md §5.2). Its one link holds the token behind `#`, so that whoever fetches it in
 * advance sends nothing; the call for programs is text.
 */
export function agentVerificationMail(
  { PUBLIC_URL, EMAIL_VERIFY_STRICT }: Pick<Config, 'PUBLIC_URL' | 'EMAIL_VERIFY_STRICT'>,
  { token, agentName, ip, at, adds }: VerificationFacts,
): Letter {
  const effect = adds
    ? 'You have an account. If you go on, a secret key for it will be ADDED: whoever gets that key can do everything in your account.'
    : 'If you go on, an account is made for this address, with a secret key that can do everything in it.'
  const verify = `${PUBLIC_URL}/api/agents/verify`
  const strict = `curl "${verify}" -H "Content-Type: application/json" -d '{"token":"${token}","registration_secret":"…"}'`
  return compose('Confirm the registration of an agent', [
    { line: [`Somebody asked ${PUBLIC_URL} to register an agent with this e-mail address.`] },
    {
      facts: [
        ['Agent (it chose this name itself)', foreign(agentName)],
        ['Asked from', ip],
        ['Asked at', moment(at)],
      ],
    },
    { line: [effect] },
    { line: ['Did you not ask for this? Then do nothing, and pass this mail on to nobody: nothing will happen.'] },
    { link: `${PUBLIC_URL}/agents/confirm#token=${token}`, label: 'Look at it and confirm' },
    { line: ['A program confirms with this call, which works once and within 24 hours:'] },
    { code: EMAIL_VERIFY_STRICT ? strict : `curl "${verify}?token=${token}"` },
    ...(EMAIL_VERIFY_STRICT
      ? [{ line: ['It also needs the registration secret that the program got when it asked.'] } as const]
      : []),
  ])
}
