import type { Config } from '../config.ts'
import { addSeconds } from '../platform/time.ts'

/** Days before its end at which a key's owner is told, by header and by mail (agents.md §6). */
export const noticeDays = 14
export const daySeconds = 86_400

type Settings = Pick<Config, 'AGENT_KEY_MAX_AGE_DAYS' | 'AGENT_KEY_IDLE_DAYS'>

const earlier = (a: Date | null, b: Date | null): Date | null => (a && b ? (a < b ? a : b) : (a ?? b))

/**
 * When a secret ends whatever is done with it: its key's own end, or the age that this server allows a secret, which a
 * rotation renews. null: never.
 */
export function endOf(
  { expiresAt, madeAt }: { expiresAt: Date | null; madeAt: Date },
  settings: Settings,
): Date | null {
  const { AGENT_KEY_MAX_AGE_DAYS: days } = settings
  return earlier(expiresAt, days === undefined ? null : addSeconds(madeAt, days * daySeconds))
}

/** When a key that nobody uses ends; null: never. */
export function idleEndOf(lastUsedAt: Date, { AGENT_KEY_IDLE_DAYS: days }: Settings): Date | null {
  return days === undefined ? null : addSeconds(lastUsedAt, days * daySeconds)
}

/** Whether the end is near enough to be told. */
export const isNear = (end: Date, now: Date): boolean => addSeconds(now, noticeDays * daySeconds) >= end
