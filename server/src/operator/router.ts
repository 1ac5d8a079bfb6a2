import { z } from 'zod'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { accountStates, admit, disable, listAccounts, OperatedAccount } from './accounts.ts'

const accountId = z
  .string()
  .max(255, 'must be at most 255 characters')
  .meta({ examples: ['acc_8YpZ3kQ1vT6mWc0RbN4xLd'] })

const ofOperators = { auth: 'dashboard', policy: 'operator' } as const
const change = { ...ofOperators, limit: ['admin_write'], hot: 'raw' } as const
const named = z.strictObject({ account_id: accountId })

/** What whoever runs the server does in the dashboard (agents.md §5.4); to everybody else there is nothing here. */
export const operatorRouter = router({
  accounts: router({
    list: query({
      ...ofOperators,
      rest: 'GET /v1/operator/accounts',
      limit: ['admin_read'],
      audits: [],
      errors: ['not_found'],
      list: 'cursor',
      summary: 'Operator: list the accounts of the server that people own, oldest first.',
      input: z.strictObject({
        ...cursorParameters,
        starting_after: accountId.optional(),
        status: z.enum(accountStates, { error: `must be one of ${accountStates.join(', ')}` }).optional(),
      }),
      output: cursorPage(OperatedAccount),
      run: listAccounts,
    }),
    admit: command({
      ...change,
      rest: 'POST /v1/operator/accounts/{account_id}/admit',
      audits: ['account.admitted'],
      errors: ['not_found', 'account_not_found'],
      summary: 'Operator: admit an account from the wait-list, or enable a disabled one; its owners get a mail.',
      input: named,
      output: OperatedAccount,
      run: admit,
    }),
    disable: command({
      ...change,
      rest: 'POST /v1/operator/accounts/{account_id}/disable',
      audits: ['account.disabled'],
      errors: ['not_found', 'account_not_found', 'invalid_state'],
      summary: 'Operator: stop an account with its people, programs and applications, within a second.',
      input: named,
      output: OperatedAccount,
      run: disable,
    }),
  }),
})
