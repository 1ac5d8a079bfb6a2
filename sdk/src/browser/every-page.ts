import type { ApiCall, Output } from './call.ts'
import { type Camel, camel } from './camel.ts'

type ListRoute = 'GET /v1/passkeys' | 'GET /v1/sessions'
type Item<R extends ListRoute> = Output<R>['data'][number]

/** One user's passkeys or sessions are few: reads them all, page by page (http-api.md §2.4). */
export async function everyPage<R extends ListRoute>(
  call: ApiCall,
  route: R,
  options: { token: string; signal?: AbortSignal },
): Promise<Camel<Item<R>>[]> {
  const items: Camel<Item<R>>[] = []
  let after: string | null = null
  do {
    const input: { limit: number; starting_after?: string } = { limit: 100, ...(after && { starting_after: after }) }
    const page: Output<ListRoute> = await call<ListRoute>(route, { ...options, input })
    items.push(...(camel(page.data) as Camel<Item<R>>[]))
    after = page.next_cursor
  } while (after)
  return items
}
