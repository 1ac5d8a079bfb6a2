import { api } from '../api/client.ts'
import { useQuery } from '../api/use-query.ts'
import { Link } from '../router/link.tsx'
import { type Application, useSession } from '../session/session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Facts } from '../ui/facts.tsx'
import { LoadedPage } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { Time } from '../ui/time.tsx'
import { Passkeys } from './passkeys.tsx'
import { Sessions } from './sessions.tsx'
import { UserStatus } from './user-status.tsx'

/** One user of the chosen application. @param id the internal one: the address bar names nobody */
export function UserScreen({ application, id }: { application: Application; id: string }) {
  const { canChange } = useSession()
  const path = `id:${id}`
  const query = useQuery(`user ${application.id} ${id}`, () => api.users.get.query({ external_user_id: path }))
  return (
    <LoadedPage query={query}>
      {(user) => (
        <Page title={user.external_user_id ?? 'Anonymous user'} lead={<Link to="/users">All users</Link>}>
          <Facts
            rows={[
              ['Status', <Badge key="status" state={user.status} />],
              ['ID', <code key="id">{user.id}</code>],
              ['Created', <Time key="created" at={user.created_at} />],
              ['Changed', <Time key="changed" at={user.updated_at} />],
            ]}
          />
          {canChange ? <UserStatus user={user} path={path} onChanged={query.reload} /> : null}
          <Metadata of={user.metadata} />
          <Passkeys path={path} canChange={canChange} />
          <Sessions key={user.status} path={path} canChange={canChange} />
        </Page>
      )}
    </LoadedPage>
  )
}

function Metadata({ of }: { of: Readonly<Record<string, string | number | boolean>> }) {
  const rows = Object.entries(of).map(([name, value]) => [name, String(value)] as const)
  if (rows.length === 0) return null
  return (
    <section aria-labelledby="metadata">
      <h2 id="metadata">Metadata</h2>
      <Facts rows={rows} />
    </section>
  )
}
