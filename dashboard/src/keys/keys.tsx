import { api } from '../api/client.ts'
import { usePages } from '../api/use-pages.ts'
import { Link } from '../router/link.tsx'
import { useSession } from '../session/session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Page } from '../ui/page.tsx'
import { Paged } from '../ui/paged.tsx'
import { Time } from '../ui/time.tsx'
import { RotateKey } from './rotate-key.tsx'

/** The account's secret keys; the keys themselves are shown when they are made, and never here. */
export function KeysScreen() {
  const { canChange } = useSession()
  const pages = usePages('keys', (starting_after) =>
    api.keys.list.query({ limit: 50, ...(starting_after ? { starting_after } : {}) }),
  )
  const revoke = async (key_id: string) => {
    await api.keys.revoke.mutate({ key_id })
    pages.reload()
  }
  return (
    <Page title="Secret keys" lead="What programs authenticate with on the admin API and on MCP.">
      {canChange ? (
        <p>
          <Link to="/keys/new" className="button">
            New secret key
          </Link>
        </p>
      ) : null}
      <Paged
        pages={pages}
        caption="Secret keys"
        keyOf={({ key_id }) => key_id}
        empty="There is no secret key yet."
        columns={[
          { label: 'Name', cell: ({ name }) => name },
          { label: 'Key', cell: ({ key_preview }) => <code>{key_preview}</code> },
          { label: 'Status', cell: ({ status }) => <Badge state={status} /> },
          { label: 'Rights', cell: ({ scopes }) => scopes.join(', ') },
          { label: 'From', cell: ({ allowed_ips }) => allowed_ips?.join(', ') ?? 'anywhere' },
          { label: 'Created', cell: ({ created_at }) => <Time at={created_at} /> },
          { label: 'Last used', cell: ({ last_used_at }) => <Time at={last_used_at} /> },
          { label: 'Ends', cell: ({ expires_at }) => <Time at={expires_at} /> },
          {
            label: 'Change',
            cell: (key) =>
              canChange && key.status === 'active' ? (
                <div className="actions">
                  <RotateKey keyId={key.key_id} name={key.name} onRotated={pages.reload} />
                  <Confirm
                    action="Revoke"
                    label={`Revoke ${key.name}`}
                    title={`Revoke ${key.name}?`}
                    onConfirm={() => revoke(key.key_id)}
                  >
                    <p>It stops working everywhere within a second, with the tokens handed out with it, for good.</p>
                  </Confirm>
                </div>
              ) : null,
          },
        ]}
      />
    </Page>
  )
}
