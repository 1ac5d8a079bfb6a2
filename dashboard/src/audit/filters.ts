import type { api } from '../api/client.ts'
import { textIn } from '../ui/form.tsx'

export type Filters = Pick<
  Parameters<typeof api.audit_logs.list.query>[0],
  'event' | 'success' | 'user_id' | 'from' | 'to'
>

/** A time of the person's own zone, as the browser's field gives it, in UTC. */
function momentIn(values: FormData, name: string): string | undefined {
  const text = textIn(values, name)
  const moment = new Date(text)
  return text === '' || Number.isNaN(moment.getTime()) ? undefined : moment.toISOString()
}

/** What the form asks for; fields left empty ask for everything. */
export function filtersIn(values: FormData): Filters {
  const [event, outcome, user] = ['event', 'outcome', 'user_id'].map((name) => textIn(values, name))
  const [from, to] = [momentIn(values, 'from'), momentIn(values, 'to')]
  return {
    ...(event ? { event: event as NonNullable<Filters['event']> } : {}),
    ...(outcome ? { success: outcome === 'success' } : {}),
    ...(user ? { user_id: user } : {}),
    ...(from ? { from } : {}),
    ...(to ? { to } : {}),
  }
}
