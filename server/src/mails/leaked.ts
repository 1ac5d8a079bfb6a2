import type { Config } from '../config.ts'
import { compose, foreign, type Letter, moment } from './compose.ts'

export type LeakedFacts = {
  /** What leaked: `secret key` or `client secret`. */
  kind: 'secret key' | 'client secret'
  /** Name of the key, or of the application. */
  name: string
  /** `tm_key_Ab3d...f456`: never more of it. */
  preview: string
  /** Where it was found, as the report says; a stranger's words. */
  source: string | null
  at: Date
}

/** Tells the owner that a leaked credential was revoked (agents.md §6). */
export function leakedMail({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>, facts: LeakedFacts): Letter {
  const { kind, name, preview, source, at } = facts
  return compose(`A ${kind} of yours leaked and was revoked`, [
    { line: [`Somebody showed ${PUBLIC_URL} a ${kind} of your account. It works no longer.`] },
    {
      facts: [
        ['Name', foreign(name)],
        ['It began and ended with', preview],
        ...(source === null ? [] : [['Found at, by what the report says', foreign(source)] as const]),
        ['Revoked at', moment(at)],
      ],
    },
    { line: ['Make a new one where it is needed, and look through the audit log for what was done with the old one.'] },
  ])
}
