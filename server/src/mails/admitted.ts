import type { Config } from '../config.ts'
import { compose, foreign, type Letter } from './compose.ts'

/** Tells the people of an account that it left the wait-list (agents.md §5.4), or is enabled again; agents may register. */
export function admittedMail(
  { PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>,
  { accountName, wasDisabled }: { accountName: string | null; wasDisabled: boolean },
): Letter {
  const happened = wasDisabled ? 'was disabled and is enabled again' : 'is no longer on the waitlist'
  const next = wasDisabled
    ? 'You can use it again, and so can its agents.'
    : 'You can use it now. Agents that were told to wait may register again.'
  return compose(wasDisabled ? 'Your account is enabled again' : 'Your account is admitted', [
    {
      line: accountName
        ? ['Your account ', foreign(accountName), ` on ${PUBLIC_URL} ${happened}.`]
        : [`Your account on ${PUBLIC_URL} ${happened}.`],
    },
    { line: [next] },
    { link: `${PUBLIC_URL}/`, label: 'Go to the server' },
  ])
}
