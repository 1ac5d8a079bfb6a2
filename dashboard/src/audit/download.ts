import { Refused } from '../api/problem.ts'
import { site } from '../router/path.ts'
import type { Filters } from './filters.ts'

/** A file of the browser's, kept on disk where it is large; the address is given back at once. */
function save(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

/**
 * Gets an export of the audit log, which is sent as it is read, and saves it. Not a plain link: only a request of ours can
 * name the application in a header.
 */
export async function download(format: 'csv' | 'ndjson', filters: Filters, application: string | null): Promise<void> {
  const query = new URLSearchParams({ format })
  for (const [name, value] of Object.entries(filters)) query.set(name, String(value))
  const headers: HeadersInit = application === null ? {} : { 'x-app-id': application }
  const answer = await fetch(`${site}/v1/audit-logs?${query}`, { headers })
  if (!answer.ok) throw new Refused((await answer.json()).error)
  save(await answer.blob(), `audit-logs.${format}`)
}
