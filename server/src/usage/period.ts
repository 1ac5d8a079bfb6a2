/** The month a moment counts in, `YYYY-MM` in UTC. */
export const periodOf = (moment: Date): string => moment.toISOString().slice(0, 7)

/** The month `months` before this one. */
export function earlierPeriod(period: string, months: number): string {
  const [year = 0, month = 1] = period.split('-').map(Number)
  const count = year * 12 + (month - 1) - months
  return `${String(Math.floor(count / 12)).padStart(4, '0')}-${String((count % 12) + 1).padStart(2, '0')}`
}
