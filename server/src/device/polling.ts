/** Seconds (agents.md §15). */
export const pollInterval = 5
export const intervalStep = 5
export const longestInterval = 60
/** Milliseconds by which a poll may come early: clocks and networks are not exact. */
export const pollTolerance = 500

export type DeviceStatus = 'pending' | 'approved' | 'denied' | 'redeemed' | 'withdrawn'

export type PollState = {
  status: DeviceStatus
  expiresAt: number
  /** Seconds. */
  interval: number
  /** Milliseconds since the epoch; null before the first poll. */
  lastAcceptedPoll: number | null
}

export type PollAnswer =
  | { answer: 'redeem' | 'denied' | 'withdrawn' | 'used' | 'expired' }
  /** `lastAcceptedPoll` is to be stored. */
  | { answer: 'pending'; lastAcceptedPoll: number }
  /** `interval` is to be stored before it is answered. */
  | { answer: 'slow_down'; interval: number }

/**
 * What one poll is answered, and what it changes (agents.md §4.2). Whatever is decided is answered at once, however early
 * the poll; the first poll is always accepted; one that comes early raises the interval and is not counted as the last,
 * so that whoever obeys the new interval is served.
 */
export function decidePoll({ status, expiresAt, interval, lastAcceptedPoll }: PollState, now: number): PollAnswer {
  if (status === 'redeemed') return { answer: 'used' }
  if (status === 'denied') return { answer: 'denied' }
  if (status === 'withdrawn') return { answer: 'withdrawn' }
  if (now >= expiresAt) return { answer: 'expired' }
  if (status === 'approved') return { answer: 'redeem' }
  if (lastAcceptedPoll !== null && now - lastAcceptedPoll < interval * 1000 - pollTolerance) {
    return { answer: 'slow_down', interval: Math.min(interval + intervalStep, longestInterval) }
  }
  return { answer: 'pending', lastAcceptedPoll: now }
}
