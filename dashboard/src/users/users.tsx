import { api } from '../api/client.ts'
import { usePages } from '../api/use-pages.ts'
import { Link } from '../router/link.tsx'
import type { Application } from '../session/session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Page } from '../ui/page.tsx'
import { Paged } from '../ui/paged.tsx'
import { Time } from '../ui/time.tsx'
import { FindUser } from './find-user.tsx'

/** The users of the chosen application, oldest first, and a search by the customer's own id. */
export function UsersScreen({ application }: { application: Application }) {
  const pages = usePages(`users ${application.id}`, (starting_after) =>
    api.users.list.query({ limit: 50, ...(starting_after ? { starting_after } : {}) }),
  )
  return (
    <Page title="Users" lead={`Of ${application.name}, oldest first.`}>
      <FindUser />
      <Paged
        pages={pages}
        caption={`Users of ${application.name}`}
        keyOf={({ id }) => id}
        empty="Nobody has registered a passkey yet."
        columns={[
          {
            label: 'External ID',
            cell: ({ id, external_user_id }) => <Link to={`/users/${id}`}>{external_user_id ?? 'anonymous'}</Link>,
          },
          { label: 'Status', cell: ({ status }) => <Badge state={status} /> },
          { label: 'Created', cell: ({ created_at }) => <Time at={created_at} /> },
          { label: 'ID', cell: ({ id }) => <code>{id}</code> },
        ]}
      />
    </Page>
  )
}
