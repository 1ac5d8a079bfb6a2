import { z } from 'zod'
import { Authentication } from '../passkeys/schema.ts'
import { command, router } from '../platform/procedures.ts'
import { closeSession, openSession, requireOwnOrigin } from './session.ts'
import { startStepUp } from './step-up.ts'

export const dashboardRouter = router({
  session: router({
    open: command({
      rest: 'POST /v1/dashboard/session',
      status: 204,
      auth: 'none',
      policy: 'open',
      limit: ['dashboard_session'],
      hot: 'raw',
      audits: ['dashboard.session.opened'],
      errors: ['invalid_session_token', 'forbidden'],
      sets: ['Set-Cookie'],
      secret: true,
      summary: 'Sign a person in to the dashboard: a session token of the console for a cookie.',
      description:
        "Sign a person in to the dashboard: a session token of the console for a cookie. From the server's own origin only; the token is used up.",
      input: z.strictObject({
        session_token: z.string().max(8192, 'must be at most 8192 characters').meta({ description: 'Used up.' }),
      }),
      output: z.void(),
      guard: requireOwnOrigin,
      run: openSession,
    }),
    close: command({
      rest: 'DELETE /v1/dashboard/session',
      status: 204,
      auth: 'dashboard',
      policy: 'account_people',
      limit: ['dashboard_session'],
      hot: 'raw',
      audits: ['session.logout'],
      errors: [],
      sets: ['Set-Cookie', 'Clear-Site-Data'],
      summary: 'Sign out of the dashboard.',
      input: z.strictObject({}),
      output: z.void(),
      run: closeSession,
    }),
  }),
  step_up: command({
    rest: 'POST /v1/dashboard/step-up',
    auth: 'dashboard',
    policy: 'account_people',
    limit: ['dashboard_session'],
    hot: 'statement',
    audits: [],
    errors: [],
    summary: 'Start the passkey proof that a sensitive change needs, for that purpose alone.',
    input: z.strictObject({
      purpose: z
        .string()
        .max(128, 'must be at most 128 characters')
        .regex(/^[a-z][a-z0-9_.]*(?::[0-9A-Za-z_-]+)?$/, 'must be the name of an operation, perhaps with an id')
        .meta({ description: 'What will be confirmed.', examples: ['keys.create'] }),
    }),
    output: Authentication,
    run: (ctx, input) => startStepUp(ctx, input.purpose),
  }),
})
