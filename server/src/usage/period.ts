const HOUR_MILLIS = 3_600_000
// The last answer: every call asks, months begin with an hour, and writing a date costs more than all else of the count.
let hour = Number.NaN
let period = ''

/** The month a moment counts in, `YYYY-MM` in UTC. */
export function periodOf(moment: Date): string {
  const asked = Math.floor(moment.getTime() / HOUR_MILLIS)
  if (asked !== hour) {
    period = moment.toISOString().slice(0, 7)
    hour = asked
  }
  return period
}

/** The month `months` before this one. */
export function earlierPeriod(from: string, months: number): string {
  const [year = 0, month = 1] = from.split('-').map(Number)
  const count = year * 12 + (month - 1) - months
  return `${String(Math.floor(count / 12)).padStart(4, '0')}-${String((count % 12) + 1).padStart(2, '0')}`
}
