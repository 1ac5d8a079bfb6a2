import { api } from '../api/client.ts'
import type { Application } from './session.tsx'

/** All applications of the account; a plan allows few enough. */
export async function everyApplication(): Promise<Application[]> {
  const found: Application[] = []
  let cursor: string | undefined
  do {
    const page = await api.applications.list.query({ scope: 'account', limit: 100, starting_after: cursor })
    found.push(...page.data)
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return found
}
