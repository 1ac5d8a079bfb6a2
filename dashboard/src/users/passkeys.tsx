import { api } from '../api/client.ts'
import { useQuery } from '../api/use-query.ts'
import { kept, nameOf } from '../passkeys/words.ts'
import { Badge } from '../ui/badge.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'

/** A user's passkeys, ended ones too. */
export function Passkeys({ path, canChange }: { path: string; canChange: boolean }) {
  const query = useQuery(`passkeys ${path}`, () =>
    api.users.credentials.list.query({ external_user_id: path, limit: 100 }),
  )
  const revoke = async (credential_id: string) => {
    await api.users.credentials.revoke.mutate({ external_user_id: path, credential_id })
    query.reload()
  }
  return (
    <section aria-labelledby="passkeys">
      <h2 id="passkeys">Passkeys</h2>
      <Loaded query={query}>
        {({ credentials }) => (
          <Table
            caption="Passkeys"
            rows={credentials}
            keyOf={({ credential_id }) => credential_id}
            empty="There is none."
            columns={[
              { label: 'Name', cell: nameOf },
              { label: 'Status', cell: ({ status }) => <Badge state={status} /> },
              { label: 'Kept', cell: kept },
              { label: 'Created', cell: ({ created_at }) => <Time at={created_at} /> },
              { label: 'Last used', cell: ({ last_used_at }) => <Time at={last_used_at} /> },
              {
                label: 'Revoke',
                cell: (row) =>
                  canChange && row.status === 'active' ? (
                    <Confirm
                      action="Revoke"
                      label={`Revoke ${nameOf(row)}`}
                      title={`Revoke ${nameOf(row)}?`}
                      onConfirm={() => revoke(row.credential_id)}
                    >
                      <p>It signs in no more, for good. The user's other passkeys stay.</p>
                    </Confirm>
                  ) : null,
              },
            ]}
          />
        )}
      </Loaded>
    </section>
  )
}
