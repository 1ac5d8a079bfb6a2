import { follow } from '../pace.ts'
import { ConnectionError } from './errors.ts'

/** A whole list as it comes: an iterator over its items, or the bytes in a format. Nothing is fetched before it is used. */
export type Export<Item, Format extends string = 'ndjson'> = AsyncIterable<Item> & {
  /** The bytes as the API sends them, `ndjson` unless said; a stream that ends without an error is whole. */
  stream(format?: Format): Promise<ReadableStream<Uint8Array>>
}

function cut(cause?: unknown): never {
  throw new ConnectionError('NETWORK_FAILURE', 0, 'The export was cut before its end.', { cause })
}

type Open = (query: { format: string }) => Promise<unknown>

/** @param open asks for the list in a format and answers the `Response`; it is asked again only before the first byte */
export function exportOver(open: Open, signal: AbortSignal | undefined): Export<unknown, string> {
  const stream = async (format = 'ndjson'): Promise<ReadableStream<Uint8Array>> => {
    const { body } = (await open({ format })) as Response
    return body ?? (new Response('').body as ReadableStream<Uint8Array>)
  }
  return {
    stream,
    async *[Symbol.asyncIterator]() {
      const reader = (await stream()).getReader()
      const unfollow = follow(signal, (reason) => void reader.cancel(reason))
      const decoder = new TextDecoder()
      let rest = ''
      try {
        for (;;) {
          const { done, value } = await reader.read().catch(cut)
          signal?.throwIfAborted()
          if (done && rest) cut()
          if (done) return
          const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
          rest = lines.pop() as string
          for (const line of lines) {
            signal?.throwIfAborted()
            yield JSON.parse(line)
          }
        }
      } finally {
        unfollow()
        await reader.cancel().catch(() => {})
      }
    },
  }
}
