/** The only clock. Everything that needs the time takes it from here, so that tests can move it. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()

export const toIso = (date: Date): string => date.toISOString()

export const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)

export const addSeconds = (date: Date, amount: number): Date => new Date(date.getTime() + amount * 1000)

export const fromMillis = (millis: number): Date => new Date(millis)

/** Milliseconds of a clock that never goes back; for durations only. */
export const monotonic = (): number => performance.now()
