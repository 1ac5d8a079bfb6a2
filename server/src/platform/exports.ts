import type { z } from 'zod'
import type { Ctx } from './context.ts'
import { invalid } from './errors.ts'
import { applyLimits } from './limit-stages.ts'
import { writeTrail } from './trail.ts'

export type ExportFormat = 'ndjson' | 'csv'

/** What is true of an export, for surfaces and documents. */
export type ExportRules = {
  formats: readonly ExportFormat[]
  /** Name of the file, without its ending. */
  filename: string
  /** Members of an item in the order of the table's columns. */
  columns: readonly string[]
  /** Rows of the limits table that an export counts on beside those of a page. */
  limit: readonly string[]
  /** Audit events that it writes before the first byte. */
  audits: readonly string[]
  /** One row. */
  item: z.ZodType
}

/**
 * A list in one go. `run` counts, records, and returns the rows in batches: each batch is a statement of its own, so that
 * neither a transaction nor memory grows with the range.
 */
export type ExportDefinition<P extends Ctx, I> = ExportRules & {
  run: (ctx: P, input: I) => Promise<AsyncIterable<readonly unknown[]>>
}

/** Rows on their way out; the surface writes them in the format. */
export type Export = Pick<ExportRules, 'columns' | 'filename'> & {
  kind: 'export'
  format: ExportFormat
  batches: AsyncIterable<readonly unknown[]>
}

export const isExport = (value: unknown): value is Export =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'export' && 'batches' in value

async function* checked(batches: AsyncIterable<readonly unknown[]>, item: z.ZodType): AsyncGenerator<unknown[]> {
  for await (const batch of batches) yield batch.map((row) => item.parse(row))
}

/** The format that an input asks for, or null for a page. */
export function formatOf(input: unknown): ExportFormat | null {
  const format = (input as { format?: string }).format
  return format === 'ndjson' || format === 'csv' ? format : null
}

/**
 * Runs an export up to its first byte: limits are counted and its event is written by then.
 * @param raw the input as it was sent: an export has no pages, so what belongs to pages is refused
 * @throws 400 naming the field; what limits and `run` throw
 */
export async function startExport<P extends Ctx, I>(
  ctx: P,
  definition: ExportDefinition<P, I>,
  input: I,
  raw: unknown,
  format: ExportFormat,
): Promise<Export> {
  if (!ctx.response.streams) throw invalid('format', 'is served over REST only')
  for (const name of ['limit', 'starting_after']) {
    if (Object.hasOwn(raw as object, name)) throw invalid(name, `belongs to pages; format=${format} sends everything`)
  }
  await applyLimits(ctx, { limit: definition.limit }, 'input', false, input)
  const batches = await definition.run(ctx, input)
  await writeTrail(ctx, ctx.sql)
  const { columns, filename, item } = definition
  return { kind: 'export', format, columns, filename, batches: checked(batches, item) }
}
