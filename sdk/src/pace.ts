/** Time, chance and timers in one value, so that a test can retry for an hour without waiting. */
export type Pace = {
  /** Milliseconds since 1970. */
  now(): number
  /** 0 ≤ value < 1. */
  random(): number
  /** Calls `run` once after `ms` milliseconds; the returned function prevents that. */
  after(ms: number, run: () => void): () => void
}

export const systemPace: Pace = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Calls `stop` with the signal's reason when it aborts, at once if it has; the returned function prevents that. */
export function follow(signal: AbortSignal | undefined, stop: (reason: unknown) => void): () => void {
  const listener = (): void => stop(signal?.reason)
  signal?.addEventListener('abort', listener)
  if (signal?.aborted) listener()
  return () => signal?.removeEventListener('abort', listener)
}

/** Resolves after `ms` milliseconds. Rejects with the signal's reason as soon as it aborts. */
export async function sleep(pace: Pace, ms: number, signal?: AbortSignal): Promise<void> {
  let end = (): void => {}
  try {
    await new Promise<void>((resolve, reject) => {
      const cancel = pace.after(ms, resolve)
      const unfollow = follow(signal, reject)
      end = () => {
        cancel()
        unfollow()
      }
    })
  } finally {
    end()
  }
}
