import { describe, expect, it } from 'vitest'
import { decidePoll, type PollState } from './polling.ts'

const at = 1_800_000_000_000
const fresh: PollState = { status: 'pending', expiresAt: at + 900_000, interval: 5, lastAcceptedPoll: null }

/** Polls one after the other, storing what each says. */
function poll(state: PollState, times: readonly number[]): string[] {
  let kept = state
  return times.map((time) => {
    const decided = decidePoll(kept, at + time)
    if (decided.answer === 'pending') kept = { ...kept, lastAcceptedPoll: decided.lastAcceptedPoll }
    if (decided.answer === 'slow_down') kept = { ...kept, interval: decided.interval }
    return decided.answer === 'slow_down' ? `slow_down ${decided.interval}` : decided.answer
  })
}

describe('the rule of polling', () => {
  it.each<[string, number[], string[]]>([
    ['agents 71: the first poll is accepted, however soon', [0], ['pending']],
    ['agents 72: the second after a second is too fast', [0, 1000], ['pending', 'slow_down 10']],
    ['half a second early is on time', [0, 4500, 9000], ['pending', 'pending', 'pending']],
    ['more than half a second early is not', [0, 4499], ['pending', 'slow_down 10']],
    ['agents 73: whoever obeys the new interval is served', [0, 1000, 11_000], ['pending', 'slow_down 10', 'pending']],
    [
      'an early poll does not move what the next one is measured by',
      [0, 1000, 9500],
      ['pending', 'slow_down 10', 'pending'],
    ],
    [
      'the interval grows by five seconds each time, and stays',
      [0, 1, 2, 20_000, 30_000],
      ['pending', 'slow_down 10', 'slow_down 15', 'pending', 'slow_down 20'],
    ],
  ])('%s', (_name, times, answers) => {
    expect(poll(fresh, times)).toEqual(answers)
  })

  it('agents 74: a cadence of five seconds with a jitter of 200 ms is always served', () => {
    const jitter = [0, 200, -200, 137, -199, 42, -7]
    const times = Array.from({ length: 60 }, (_, i) => 5000 * (i + 1) + (jitter[i % jitter.length] ?? 0))
    expect(new Set(poll(fresh, times))).toEqual(new Set(['pending']))
  })

  it('agents 75: polling every 100 ms never raises the interval above a minute', () => {
    const answers = poll(
      fresh,
      Array.from({ length: 300 }, (_, i) => i * 100),
    )
    expect(answers.at(-1)).toBe('slow_down 60')
  })

  it.each<[PollState['status'], string]>([
    ['approved', 'redeem'],
    ['denied', 'denied'],
    ['redeemed', 'used'],
    ['withdrawn', 'withdrawn'],
  ])('agents 77: %s is answered at once, however early', (status, answer) => {
    expect(decidePoll({ ...fresh, status, lastAcceptedPoll: at }, at + 1).answer).toBe(answer)
  })

  it.each<[PollState['status'], string]>([
    ['pending', 'expired'],
    ['approved', 'expired'],
    ['denied', 'denied'],
    ['redeemed', 'used'],
    ['withdrawn', 'withdrawn'],
  ])('agents 81, 82: past its time %s is %s', (status, answer) => {
    expect(decidePoll({ ...fresh, status }, at + 899_999).answer).not.toBe('expired')
    expect(decidePoll({ ...fresh, status }, at + 900_000).answer).toBe(answer)
  })
})
