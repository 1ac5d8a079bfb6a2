import type { Config } from '../config.ts'
import { compose, foreign, type Letter } from './compose.ts'

/** Tells the people of an account that it left the wait-list (agents.md §5.4); agents may register again. */
export function admittedMail(
  { PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>,
  { accountName }: { accountName: string | null },
): Letter {
  return compose('Your account is admitted', [
    {
      line: accountName
        ? ['Your account ', foreign(accountName), ` on ${PUBLIC_URL} is no longer on the waitlist.`]
        : [`Your account on ${PUBLIC_URL} is no longer on the waitlist.`],
    },
    { line: ['You can use it now. Agents that were told to wait may register again.'] },
    { link: `${PUBLIC_URL}/`, label: 'Go to the server' },
  ])
}
