import type { Config } from '../config.ts'
import { compose, foreign, type Letter, moment } from './compose.ts'

export type ExpiringFacts = {
  /** Name of the key. */
  name: string
  /** `tm_key_Ab3d...f456`: never more of it. */
  preview: string
  endsAt: Date
}

/** Tells the owner that a secret key ends soon (agents.md §6). */
export function expiringMail({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>, facts: ExpiringFacts): Letter {
  const { name, preview, endsAt } = facts
  return compose('A secret key of yours ends soon', [
    { line: [`A secret key of your account at ${PUBLIC_URL} stops working soon.`] },
    {
      facts: [
        ['Name', foreign(name)],
        ['It begins and ends with', preview],
        ['It ends at', moment(endsAt)],
      ],
    },
    { line: ['Replace it, or make a new one, where it is still needed.'] },
  ])
}
