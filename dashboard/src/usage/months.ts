const format = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', timeZone: 'UTC' })

/** The last months in UTC as `YYYY-MM`, the one of the moment last. */
export function monthsUpTo(moment: Date, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const month = new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() - (count - 1 - i), 1))
    return month.toISOString().slice(0, 7)
  })
}

const short = new Intl.DateTimeFormat(undefined, { month: 'short', timeZone: 'UTC' })
const firstOf = (month: string) => new Date(`${month}-01T00:00:00Z`)

/** Below a bar: there is room for little, and six months in a row need no year. */
export const monthLabel = (month: string): string => short.format(firstOf(month))

export const monthName = (month: string): string => format.format(firstOf(month))
