import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { usePages } from '../api/use-pages.ts'
import { useSession } from '../session/session.tsx'
import { Alert } from '../ui/alert.tsx'
import { Badge } from '../ui/badge.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Choice } from '../ui/field.tsx'
import { Page } from '../ui/page.tsx'
import { Paged } from '../ui/paged.tsx'
import { Time } from '../ui/time.tsx'

type Operated = Awaited<ReturnType<typeof api.operator.accounts.list.query>>['data'][number]
type State = Operated['status']

const states: readonly (readonly [State, string])[] = [
  ['waitlisted', 'waiting'],
  ['active', 'active'],
  ['disabled', 'disabled'],
]

const named = ({ name, id }: Operated): string => name || id

/** For whoever runs the server: who waits to be admitted, and stopping an account (agents.md §5.4). */
export function OperatedAccountsScreen() {
  const { account: own } = useSession()
  const [state, setState] = useState<State>('waitlisted')
  const pages = usePages(state, (starting_after) =>
    api.operator.accounts.list.query({ limit: 50, status: state, ...(starting_after ? { starting_after } : {}) }),
  )
  const admission = useAction(async (account_id: string) => {
    await api.operator.accounts.admit.mutate({ account_id })
    pages.reload()
    // The button goes with its row: the focus must not be lost with it.
    document.getElementById('main')?.focus({ preventScroll: true })
  })
  const disable = async (account_id: string) => {
    await api.operator.accounts.disable.mutate({ account_id })
    pages.reload()
  }
  return (
    <Page title="Waiting accounts" lead="Accounts of this server. Who is admitted gets a mail.">
      <Choice label="Accounts that are" value={state} onChange={({ target }) => setState(target.value as State)}>
        {states.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </Choice>
      <Alert problem={admission.problem} />
      <Paged
        pages={pages}
        caption="Accounts"
        keyOf={({ id }) => id}
        empty={state === 'waitlisted' ? 'Nobody waits.' : 'There is none.'}
        columns={[
          { label: 'Name', cell: named },
          { label: 'Status', cell: ({ status }) => <Badge state={status} /> },
          { label: 'Owners', cell: ({ owners }) => owners.map(addressed).join(', ') || '–' },
          { label: 'Plan', cell: ({ plan }) => plan },
          { label: 'Since', cell: ({ created_at }) => <Time at={created_at} /> },
          { label: 'ID', cell: ({ id }) => <code>{id}</code> },
          {
            label: 'Decision',
            cell: (account) => (
              <div className="actions">
                {account.status === 'active' ? null : (
                  <button
                    type="button"
                    aria-label={`Admit ${named(account)}`}
                    aria-disabled={admission.isBusy}
                    onClick={() => void admission.run(account.id)}
                  >
                    Admit
                  </button>
                )}
                {account.status === 'disabled' || account.id === own.id ? null : (
                  <Confirm
                    action="Disable"
                    label={`Disable ${named(account)}`}
                    title={`Disable ${named(account)}?`}
                    onConfirm={() => disable(account.id)}
                  >
                    <p>Its people, programs, applications and their users are refused everywhere within a second.</p>
                  </Confirm>
                )}
              </div>
            ),
          },
        ]}
      />
    </Page>
  )
}

/** Nobody has proven an address that is not verified: it is what somebody wrote. */
const addressed = ({ email, email_verified }: Operated['owners'][number]): string =>
  `${email ?? '–'}${email && !email_verified ? ' (not verified)' : ''}`
