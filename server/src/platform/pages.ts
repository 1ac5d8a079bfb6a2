import { z } from 'zod'
import { invalid } from './errors.ts'
import { uuid } from './ids.ts'

const limit = (fallback: number) =>
  z
    .number({ error: 'must be a whole number from 1 to 100' })
    .int('must be a whole number from 1 to 100')
    .min(1, 'must be a whole number from 1 to 100')
    .max(100, 'must be a whole number from 1 to 100')
    .default(fallback)

/** Parameters of every cursor list (http-api.md §2.4). */
export const cursorParameters = {
  limit: limit(50).meta({ description: 'Results per page, 1 to 100.' }),
  starting_after: uuid.optional().meta({ description: "Cursor: the previous page's `next_cursor`." }),
}

/** Parameters of the one list that has offset pages: a user's credentials. */
export const pageParameters = {
  page: z
    .number({ error: 'must be a whole number of at least 1' })
    .int('must be a whole number of at least 1')
    .min(1, 'must be a whole number of at least 1')
    .max(1_000_000, 'must be at most 1000000')
    .default(1)
    .meta({ description: 'Page number, from 1.' }),
  limit: limit(20).meta({ description: 'Results per page, 1 to 100.' }),
}

/** The shape of one page of a cursor list. */
export const cursorPage = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), has_more: z.boolean(), next_cursor: z.string().nullable() })

/** @param rows up to `limit + 1` of them: the one too many says that there is more */
export function toPage<Row, Item>(rows: Row[], size: number, idOf: (row: Row) => string, item: (row: Row) => Item) {
  const shown = rows.slice(0, size)
  const last = shown.at(-1)
  const more = rows.length > size
  return { data: shown.map(item), has_more: more, next_cursor: more && last ? idOf(last) : null }
}

/** A cursor that is no id of this list. */
export const badCursor = () => invalid('starting_after', 'is not a cursor of this list')
