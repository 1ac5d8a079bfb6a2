import { useState } from 'react'
import { api } from '../api/client.ts'
import { usePages } from '../api/use-pages.ts'
import { Link } from '../router/link.tsx'
import type { Application } from '../session/session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Page } from '../ui/page.tsx'
import { Paged } from '../ui/paged.tsx'
import { Time } from '../ui/time.tsx'
import { AuditFilters } from './audit-filters.tsx'
import { EventName } from './event-name.tsx'
import { Export } from './export.tsx'
import type { Filters } from './filters.ts'

/** The security events of the chosen application, newest first. */
export function AuditScreen({ application }: { application: Application }) {
  const [filters, setFilters] = useState<Filters>({})
  const pages = usePages(`audit ${application.id} ${JSON.stringify(filters)}`, (starting_after) =>
    api.audit_logs.list.query({ limit: 50, ...filters, ...(starting_after ? { starting_after } : {}) }),
  )
  return (
    <Page title="Audit log" lead={`Of ${application.name}, newest first.`}>
      <AuditFilters onChange={setFilters} problem={pages.problem} />
      <Export filters={filters} />
      <Paged
        pages={pages}
        caption="Audit log"
        keyOf={({ id }) => id}
        empty="Nothing fits."
        columns={[
          { label: 'Event', cell: ({ event }) => <EventName name={event} /> },
          { label: 'When', cell: ({ created_at }) => <Time at={created_at} /> },
          { label: 'Outcome', cell: ({ success }) => <Badge state={success ? 'success' : 'failed'} /> },
          {
            label: 'User',
            cell: ({ user_id }) => (user_id ? <Link to={`/users/${user_id}`}>{user_id}</Link> : '–'),
          },
          {
            label: 'By',
            cell: ({ actor, ip_address }) => (
              <span>
                {String(actor.kind ?? '–')} <span className="quiet">{ip_address}</span>
              </span>
            ),
          },
          {
            label: 'More',
            cell: ({ actor, metadata, request_id }) => (
              <details>
                <summary>Details</summary>
                <pre>{JSON.stringify({ request_id, actor, metadata }, null, 2)}</pre>
              </details>
            ),
          },
        ]}
      />
    </Page>
  )
}
