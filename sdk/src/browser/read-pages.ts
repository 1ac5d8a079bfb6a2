import type { ApiCall, Output } from './call.ts'

export type ListRoute = 'GET /v1/passkeys' | 'GET /v1/sessions'
export type Item<R extends ListRoute> = Output<R>['data'][number]

/**
 * Reads a list page by page (http-api.md §2.4). A chunk of its own, which shares no code with the core: what both used
 * would become a third file, which every page would load.
 */
export async function readPages<R extends ListRoute>(
  call: ApiCall,
  route: R,
  options: { token: string; signal?: AbortSignal },
): Promise<Item<R>[]> {
  const items: Item<ListRoute>[] = []
  let after: string | null = null
  do {
    const input: { limit: number; starting_after?: string } = { limit: 100, ...(after && { starting_after: after }) }
    const page: Output<ListRoute> = await call<ListRoute>(route, { ...options, input })
    items.push(...page.data)
    after = page.next_cursor
  } while (after)
  return items as Item<R>[]
}
