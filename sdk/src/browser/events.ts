import type { Logger } from './config.ts'
import type { TryMellonError } from './error.ts'
import type { User } from './results.ts'

type Operation = { operation: 'signUp' | 'signIn' }

/** What a handler receives, by event. `cancelled` is the user's or the caller's doing, `error` anything else. */
export type TryMellonEvents = {
  start: Operation
  success: Operation & { token: string; user: User }
  error: Operation & { error: TryMellonError }
  cancelled: Operation
}

type Handler<Event extends keyof TryMellonEvents> = (payload: TryMellonEvents[Event]) => void

export type Events = {
  /** Calls `handler` at every such event until the returned function is called. */
  on<Event extends keyof TryMellonEvents>(event: Event, handler: Handler<Event>): () => void
  emit<Event extends keyof TryMellonEvents>(event: Event, payload: TryMellonEvents[Event]): void
}

/** Handlers that throw are logged: a page's mistake must not fail a sign-in. */
export function events(logger: Logger | undefined): Events {
  const handlers = new Set<[event: string, handler: (payload: never) => void]>()
  return {
    on: (event, handler) => {
      const entry: [string, (payload: never) => void] = [event, handler]
      handlers.add(entry)
      return () => void handlers.delete(entry)
    },
    emit: (event, payload) => {
      for (const [name, handler] of [...handlers]) {
        try {
          if (name === event) handler(payload as never)
        } catch (error) {
          logger?.warn?.(`TryMellon: a handler of "${event}" threw`, error)
        }
      }
    },
  }
}
