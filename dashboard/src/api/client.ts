import { createTRPCClient, httpLink } from '@trpc/client'
import type { AppRouter } from '../../../server/src/router.ts'
import { site } from '../router/path.ts'
import { chosenApplication } from './chosen.ts'

/** The console: the application whose end users are the people who sign in here. A publishable key, no secret. */
const consoleKey = 'cli_000000000000000console'

/** Calls of a passkey ceremony are made as a browser of the console; all others with the person's cookie. */
export const asConsole = { context: { asConsole: true } }

/** The server's own procedures, one request a call: limits are counted by request. */
export const api = createTRPCClient<AppRouter>({
  links: [
    httpLink({
      url: `${site}/trpc`,
      headers({ op }) {
        if (op.context.asConsole) return { authorization: `Bearer ${consoleKey}` }
        const application = chosenApplication()
        return application === null ? {} : { 'x-app-id': application }
      },
    }),
  ],
})
