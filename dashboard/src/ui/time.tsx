const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** A moment in the person's own words and time zone; `none` where there is none. */
export function Time({ at, none = 'never' }: { at: string | null | undefined; none?: string }) {
  return at ? <time dateTime={at}>{format.format(new Date(at))}</time> : <span className="quiet">{none}</span>
}
