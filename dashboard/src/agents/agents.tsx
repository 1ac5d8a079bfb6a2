import { api } from '../api/client.ts'
import { usePages } from '../api/use-pages.ts'
import { useSession } from '../session/session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Page } from '../ui/page.tsx'
import { Paged } from '../ui/paged.tsx'
import { Time } from '../ui/time.tsx'

type Agent = Awaited<ReturnType<typeof api.agents.list.query>>['data'][number]

const cameBy: Readonly<Record<Agent['method'], string>> = {
  vending: 'made its own tenant',
  device: 'approved with a code',
  email: 'registered by e-mail',
  oauth: 'consent to a client',
  dashboard: 'key made by hand',
}

/** The programs with access to the account; their names are what they call themselves. */
export function AgentsScreen() {
  const { canChange } = useSession()
  const pages = usePages('agents', (starting_after) =>
    api.agents.list.query({ limit: 50, ...(starting_after ? { starting_after } : {}) }),
  )
  const revoke = async (agent_id: string) => {
    await api.agents.revoke.mutate({ agent_id })
    pages.reload()
  }
  return (
    <Page title="Agents" lead="Programs with access to this account. Nobody has verified their names.">
      <Paged
        pages={pages}
        caption="Agents"
        keyOf={({ id }) => id}
        empty="No program has access."
        columns={[
          { label: 'Name', cell: ({ name }) => name },
          { label: 'Status', cell: ({ status }) => <Badge state={status} /> },
          { label: 'Came by', cell: ({ method }) => cameBy[method] },
          { label: 'Rights', cell: ({ scopes }) => scopes.join(', ') },
          { label: 'Since', cell: ({ created_at }) => <Time at={created_at} /> },
          { label: 'Last used', cell: ({ last_used_at }) => <Time at={last_used_at} /> },
          {
            label: 'Revoke',
            cell: ({ id, name, status }) =>
              canChange && status === 'active' ? (
                <Confirm
                  action="Revoke"
                  label={`Revoke ${name}`}
                  title={`Revoke ${name}?`}
                  onConfirm={() => revoke(id)}
                >
                  <p>All its keys, tokens and consents end everywhere within a second, for good.</p>
                </Confirm>
              ) : null,
          },
        ]}
      />
    </Page>
  )
}
