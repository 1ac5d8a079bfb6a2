import { Link } from '../router/link.tsx'
import { useSession } from '../session/session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Page } from '../ui/page.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'

/** Every application of the account. */
export function ApplicationsScreen() {
  const { applications, canChange } = useSession()
  return (
    <Page title="Applications" lead="Each has users, origins and a client secret of its own.">
      <Table
        caption="Applications"
        rows={applications}
        keyOf={({ id }) => id}
        empty="There is no application yet."
        columns={[
          { label: 'Name', cell: ({ id, name }) => <Link to={`/applications/${id}`}>{name}</Link> },
          { label: 'Status', cell: ({ status }) => <Badge state={status} /> },
          { label: 'Client ID', cell: ({ client_id }) => <code>{client_id}</code> },
          { label: 'Created', cell: ({ created_at }) => <Time at={created_at} /> },
        ]}
      />
      {canChange ? (
        <p>
          <Link to="/applications/new" className="button">
            New application
          </Link>
        </p>
      ) : null}
    </Page>
  )
}
