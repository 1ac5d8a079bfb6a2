import type { RequestContext } from '../platform/context.ts'

/**
 * Counts an answer as usage of the tenant whose credential was accepted, unless the call was too much or we failed
 * (http-api.md §3.5). Nobody's where no credential was.
 */
export function countAnswer({ deps, response }: RequestContext, status: number): void {
  if (response.tenantId !== undefined && status !== 429 && status < 500) deps.meter.count(response.tenantId)
}
