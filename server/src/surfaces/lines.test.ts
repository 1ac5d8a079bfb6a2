import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import '../errors.ts'
import type { Line } from '../platform/batches.ts'
import { readLines } from './lines.ts'

const shown = (line: Line) => ('error' in line ? line.error.message : line.value)

/** The lines of a body that comes in chunks of so many bytes, and what ended it. */
async function read(text: string | Buffer, size: number, maxBytes = 1_000_000) {
  const bytes = Buffer.from(text)
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  const body = Readable.from(chunks, { objectMode: true })
  const lines: unknown[] = []
  try {
    for await (const line of readLines(body, maxBytes)) lines.push(shown(line))
  } catch (error) {
    return { lines, refused: (error as Error).message, destroyed: body.destroyed }
  }
  return { lines, refused: null }
}

const sizes = [1, 2, 3, 7, 64, 65_536, 1_000_000]

describe('a body read line by line', () => {
  it.each(sizes)('security 216: has the same lines in chunks of %i bytes', async (size) => {
    const body = Buffer.concat([
      Buffer.from('\n{"a":"漢𝄞"}\r\n \t\r\n{"a":1}{"a":2}\n{"a":"\\ud800"}\n'),
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d, 0x0a]),
      Buffer.from('\ufeff{"a":3}\n{"a":1,"a":2}\n{"a":4}'),
    ])
    expect(await read(body, size)).toEqual({
      lines: [
        { a: '漢𝄞' },
        'The line is not valid JSON.',
        'The line contains NUL characters or lone surrogates.',
        'The line is not valid UTF-8.',
        'The line is not valid JSON.',
        'The line contains an object with the same key twice.',
        { a: 4 },
      ],
      refused: null,
    })
  })

  it.each(sizes)('goes on after a line that is too long, in chunks of %i bytes', async (size) => {
    const line = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}\n`
    const { lines } = await read(`${line(65_536)}${line(65_537)}${line(200_000)}{"a":1}`, size)
    expect(lines).toEqual([
      { a: 'x'.repeat(65_528) },
      'The line is longer than 65536 bytes.',
      'The line is longer than 65536 bytes.',
      { a: 1 },
    ])
  })

  it.each(sizes)('security 215: too large, it ends at the same line in chunks of %i bytes', async (size) => {
    const body = '{"a":1}\n'.repeat(10)
    expect((await read(body, size, 80)).refused).toBeNull()
    const { lines, refused, destroyed } = await read(body, size, 43)
    expect(lines).toEqual(Array.from({ length: 5 }, () => ({ a: 1 })))
    expect(refused).toContain('larger than 43 bytes')
    // The answer is still to go over the same socket.
    expect(destroyed).toBe(false)
  })

  it('takes no more from the socket than the work takes from it', async () => {
    let taken = 0
    const body = new Readable({
      highWaterMark: 1,
      read() {
        taken += 1
        this.push('{"a":1}\n{"a":2}\n')
      },
    })
    const lines = readLines(body, 1_000_000)
    for (let i = 0; i < 10; i++) await lines.next()
    expect(taken).toBeLessThan(10)
    await lines.return(undefined)
    expect(body.destroyed).toBe(false)
  })

  it('security 216: 16 MiB of newlines are nothing, in bounded time', async () => {
    const started = process.cpuUsage()
    expect(await read(Buffer.alloc(16 * 1024 * 1024, '\n'), 65_536, 16 * 1024 * 1024)).toEqual({
      lines: [],
      refused: null,
    })
    const { user } = process.cpuUsage(started)
    expect(user / 1_000_000).toBeLessThan(10)
  })

  it('a body that is cut off ends in its error, and what was not a whole line is none', async () => {
    const body = new Readable({ read() {} })
    body.push('{"a":1}\n{"a":')
    const lines = readLines(body, 1_000_000)
    expect((await lines.next()).value).toEqual({ value: { a: 1 } })
    body.destroy(new Error('aborted'))
    await expect(lines.next()).rejects.toThrow('aborted')
  })
})
