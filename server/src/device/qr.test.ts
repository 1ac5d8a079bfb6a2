import jsqr from 'jsqr'
import { describe, expect, it } from 'vitest'
import { qrText, quietZone } from './qr.ts'

// The package is CommonJS, and its types are of a module.
const scan = jsqr as unknown as typeof jsqr.default

type Bitmap = boolean[][]

/** What a terminal shows, light on dark, as modules; true is light. */
function modules(text: string): Bitmap {
  const rows: Bitmap = []
  for (const line of text.split('\n')) {
    rows.push([...line].map((block) => block === '█' || block === '▀'))
    rows.push([...line].map((block) => block === '█' || block === '▄'))
  }
  return rows
}

/** @param scale pixels a module; @param dark inverted, as on a light terminal */
function decode(rows: Bitmap, scale: number, inverted: boolean): string | undefined {
  const [height, width] = [rows.length * scale, (rows[0]?.length ?? 0) * scale]
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const light = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] !== inverted
      pixels.fill(light ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3)
    }
  }
  return scan(pixels, width, height)?.data
}

const urls = [
  'https://auth.example.com/device?code=WDJB-MJHT',
  'http://localhost:3000/device?code=BCDF-GHJK',
  `https://${'a'.repeat(60)}.example.com/device?code=ZZZZ-ZZZZ`,
]

describe('agents 65, security 158: the QR code of a terminal', () => {
  it.each(urls)('%s is what a scanner reads', (url) => {
    const rows = modules(qrText(url))
    for (const scale of [3, 4, 7]) expect(decode(rows, scale, false)).toBe(url)
    expect(decode(rows, 4, true)).toBe(url)
  })

  it.each(urls)('%s: lines of equal width, with a quiet zone of at least two modules', (url) => {
    const text = qrText(url)
    expect(new Set(text.split('\n').map((line) => [...line].length)).size).toBe(1)
    expect(text).toMatch(/^[█▀▄ \n]+$/)
    const rows = modules(text)
    const width = rows[0]?.length ?? 0
    const edge = (count: number) => Array.from({ length: count }, (_, i) => i)
    for (const i of edge(quietZone)) {
      expect([rows[i], rows[rows.length - 1 - i]].flat()).not.toContain(false)
      for (const row of rows) expect([row[i], row[width - 1 - i]]).toEqual([true, true])
    }
  })
})
