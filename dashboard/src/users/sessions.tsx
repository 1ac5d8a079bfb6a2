import { api } from '../api/client.ts'
import { usePages } from '../api/use-pages.ts'
import { Badge } from '../ui/badge.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Paged } from '../ui/paged.tsx'
import { Time } from '../ui/time.tsx'

type Session = Awaited<ReturnType<typeof api.users.sessions.list.query>>['data'][number]

const stateOf = ({ revoked_at, expires_at }: Session): string => {
  if (revoked_at) return 'ended'
  return Date.parse(expires_at) <= Date.now() ? 'expired' : 'active'
}

/** A user's sessions, newest first. */
export function Sessions({ path, canChange }: { path: string; canChange: boolean }) {
  const pages = usePages(`sessions ${path}`, (starting_after) =>
    api.users.sessions.list.query({ external_user_id: path, limit: 20, ...(starting_after ? { starting_after } : {}) }),
  )
  const end = async (id: string) => {
    await api.sessions.revoke.mutate({ id })
    pages.reload()
  }
  const endAll = async () => {
    await api.users.sessions.revoke_all.mutate({ external_user_id: path })
    pages.reload()
  }
  const hasLive = pages.rows?.some((row) => stateOf(row) === 'active') ?? false
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">Sessions</h2>
      <Paged
        pages={pages}
        caption="Sessions"
        keyOf={({ id }) => id}
        empty="There is none."
        columns={[
          { label: 'Begun', cell: ({ created_at }) => <Time at={created_at} /> },
          { label: 'Status', cell: (row) => <Badge state={stateOf(row)} /> },
          { label: 'Address', cell: ({ ip_address }) => ip_address ?? '–' },
          { label: 'Last seen', cell: ({ last_seen_at }) => <Time at={last_seen_at} /> },
          { label: 'Ends', cell: ({ expires_at }) => <Time at={expires_at} /> },
          {
            label: 'End',
            cell: (row) =>
              canChange && stateOf(row) === 'active' ? (
                <Confirm action="End" label="End this session" title="End this session?" onConfirm={() => end(row.id)}>
                  <p>Whoever holds it must sign in again.</p>
                </Confirm>
              ) : null,
          },
        ]}
      />
      {canChange && hasLive ? (
        <Confirm action="End all sessions" title="End all sessions?" onConfirm={endAll}>
          <p>The user must sign in again everywhere.</p>
        </Confirm>
      ) : null}
    </section>
  )
}
