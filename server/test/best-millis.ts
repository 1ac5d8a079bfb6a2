/** The shortest of five runs: what the work takes, not what the machine did meanwhile. */
export function bestMillis(work: () => unknown): number {
  const runs = Array.from({ length: 5 }, () => {
    const started = performance.now()
    work()
    return performance.now() - started
  })
  return Math.min(...runs)
}
