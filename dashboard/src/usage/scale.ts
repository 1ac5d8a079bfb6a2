/** The least of 2, 4, 10, 20, 40, 100 … that is not below a value: the top of a scale whose half is whole. */
export function niceCeiling(value: number): number {
  for (let unit = 1; ; unit *= 10) {
    const found = [2, 4, 10].map((n) => n * unit).find((top) => top >= value)
    if (found !== undefined) return found
  }
}
