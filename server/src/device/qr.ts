import { encode } from 'uqr'

/** Light modules around the code, which scanners need to find it. */
export const quietZone = 2

/** By upper and lower module: light ones are drawn, since terminals are dark. */
const blocks = { 'light light': '█', 'light dark': '▀', 'dark light': '▄', 'dark dark': ' ' } as const

/**
 * A QR code in Unicode half blocks, two rows of modules a line, for a terminal that writes light on dark; scanners read it
 * inverted too. All lines have the same width.
 * @param text at most a few hundred characters
 */
export function qrText(text: string): string {
  const { data, size } = encode(text, { border: quietZone, ecc: 'L' })
  const shade = (row: number, column: number) => (data[row]?.[column] ? 'dark' : 'light')
  const lines: string[] = []
  for (let row = 0; row < size; row += 2) {
    let line = ''
    // The size is odd: below the last row stands one more of the quiet zone.
    for (let column = 0; column < size; column += 1) line += blocks[`${shade(row, column)} ${shade(row + 1, column)}`]
    lines.push(line)
  }
  return lines.join('\n')
}
