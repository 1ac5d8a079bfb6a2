import { api } from '../api/client.ts'
import { useQuery } from '../api/use-query.ts'
import { useSession } from '../session/session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Copyable } from '../ui/copyable.tsx'
import { Facts } from '../ui/facts.tsx'
import { LoadedPage } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { Time } from '../ui/time.tsx'
import { ApplicationSettings } from './application-settings.tsx'
import { Lifecycle } from './lifecycle.tsx'
import { RotateSecret } from './rotate-secret.tsx'

/** One application: who it is for the API, and what may be changed of it. */
export function ApplicationScreen({ id }: { id: string }) {
  const { canChange, reload } = useSession()
  const query = useQuery(`application ${id}`, () => api.applications.get.query({ id }))
  const changed = () => {
    query.reload()
    reload()
  }
  return (
    <LoadedPage query={query}>
      {(application) => (
        <Page title={application.name}>
          <Facts
            rows={[
              ['Status', <Badge key="status" state={application.status} />],
              ['Application ID', <code key="id">{application.id}</code>],
              ['Plan', application.plan],
              ['Created', <Time key="created" at={application.created_at} />],
            ]}
          />
          <Copyable label="Client ID, also the publishable key" value={application.client_id} />
          {canChange ? (
            <>
              <ApplicationSettings application={application} onChanged={changed} />
              <RotateSecret application={application} />
              <Lifecycle application={application} onChanged={changed} />
            </>
          ) : (
            <p>Allowed origins: {application.allowed_origins.join(', ') || 'none'}</p>
          )}
        </Page>
      )}
    </LoadedPage>
  )
}
