import type { Deps } from './context.ts'
import type { ApiError } from './errors.ts'

/** What came of an operation that a page's form called. */
export type Outcome = { data: unknown } | { error: ApiError }

/**
 * What a person's browser gets where programs get JSON, at one address for both: asking for it shows a form and does
 * nothing, however often a mail scanner or a prefetch asks; only the form's button calls the operation.
 */
export type BrowserPage = {
  headers: Readonly<Record<string, string>>
  /**
   * The document with the form, which posts to the same path.
   * @param sent the query, each parameter that came once; escaped by whoever writes it
   * @param csrf value of the form's field `csrf`
   */
  form(deps: Deps, sent: Readonly<Record<string, string>>, csrf: string): string
  /** The document that tells what came of it. */
  done(deps: Deps, outcome: Outcome): string
}
