import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify/sync'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../platform/context.ts'
import type { Export, ExportFormat } from '../platform/exports.ts'
import { ndjson } from './lines.ts'

/** How an export is sent in each format. */
export const mediaTypes: Record<ExportFormat, string> = { ndjson, csv: 'text/csv' }

const header = (columns: readonly string[]): string => `${columns.join(',')}\r\n`

/** RFC 4180, each cell so that no spreadsheet takes it for a formula; what is no text is written as JSON. */
const csvLines = (rows: readonly unknown[], columns: readonly string[]): string =>
  stringify(rows as object[], {
    columns: [...columns],
    escape_formulas: true,
    record_delimiter: 'windows',
    cast: { boolean: String, object: (value: object) => JSON.stringify(value) },
  })

const ndjsonLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

async function* encode(deps: Deps, requestId: string, { format, columns, batches }: Export): AsyncGenerator<string> {
  if (format === 'csv') yield header(columns)
  try {
    for await (const rows of batches) {
      if (rows.length > 0) yield format === 'csv' ? csvLines(rows, columns) : ndjsonLines(rows)
    }
  } catch (error) {
    // The status is sent: cutting the connection is what tells the reader that there should have been more.
    deps.log.error({ err: error, request_id: requestId }, 'an export was cut')
    throw error
  }
}

/** Sends rows as they come, at the reader's pace. HEAD has the headers alone. */
export function sendExport(deps: Deps, request: FastifyRequest, reply: FastifyReply, rows: Export): FastifyReply {
  const { format, filename } = rows
  reply.type(`${mediaTypes[format]}; charset=utf-8`)
  if (filename) reply.header('content-disposition', `attachment; filename="${filename}.${format}"`)
  // An empty stream, not nothing: that would say `Content-Length: 0` of an answer that has a body (RFC 9110 §8.6).
  if (request.method === 'HEAD') return reply.send(Readable.from([]))
  return reply.send(Readable.from(encode(deps, request.id, rows)))
}
