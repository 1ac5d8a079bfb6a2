/** One page of a list in the cursor shape (http-api.md §2.4). */
export type CursorPage<Item> = { data: Item[]; has_more: boolean; next_cursor: string | null }

/** A promise of the first page, and an iterator over the items of all pages. Nothing is fetched before it is used. */
export type List<Item, Page = CursorPage<Item>> = Promise<Page> &
  AsyncIterable<Item> & {
    /** One page as the API answers it: the one that the call's `starting_after` or `page` names. */
    page(): Promise<Page>
  }

type Query = { starting_after?: string; page?: number }
type AnyPage = Partial<CursorPage<unknown>> & { pagination?: { page: number; limit: number; total: number } }

/** The query of the page after this one, or nothing at the end. */
function following(page: AnyPage): Query | undefined {
  const { next_cursor, pagination } = page
  if (next_cursor) return { starting_after: next_cursor }
  if (pagination && pagination.page * pagination.limit < pagination.total) return { page: pagination.page + 1 }
  return undefined
}

/** A list over `fetchPage`, which answers one page and is given what differs from the call's own query. */
export function listOver(fetchPage: (query: Query) => Promise<unknown>): List<unknown, unknown> {
  let first: Promise<unknown> | undefined
  const page = (): Promise<unknown> => {
    first ??= fetchPage({})
    return first
  }
  const iterate = async function* (): AsyncGenerator<unknown> {
    for (let current = (await page()) as AnyPage; ; ) {
      yield* Object.values(current).find(Array.isArray) ?? []
      const next = following(current)
      if (!next) return
      current = (await fetchPage(next)) as AnyPage
    }
  }
  return {
    page,
    // biome-ignore lint/suspicious/noThenProperty: a list is meant to be awaited.
    then: (resolve, reject) => page().then(resolve, reject),
    catch: (reject) => page().catch(reject),
    finally: (end) => page().finally(end),
    [Symbol.asyncIterator]: iterate,
    [Symbol.toStringTag]: 'List',
  }
}
