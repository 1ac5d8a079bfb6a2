import type { ApiCall } from './call.ts'
import { type Camel, camel } from './camel.ts'
import type { Item, ListRoute } from './read-pages.ts'

/** One user's passkeys or sessions are few: reads them all. How is loaded with the first list. */
export const everyPage = async <R extends ListRoute>(
  call: ApiCall,
  route: R,
  options: { token: string; signal?: AbortSignal },
): Promise<Camel<Item<R>[]>> => camel(await (await import('./read-pages.ts')).readPages(call, route, options))
