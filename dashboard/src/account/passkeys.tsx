import { api } from '../api/client.ts'
import { usePages } from '../api/use-pages.ts'
import { confirmWithPasskey } from '../passkeys/step-up.ts'
import { kept, nameOf } from '../passkeys/words.ts'
import { Badge } from '../ui/badge.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Paged } from '../ui/paged.tsx'
import { Time } from '../ui/time.tsx'
import { AddPasskey } from './add-passkey.tsx'
import { RenamePasskey } from './rename-passkey.tsx'

type Passkey = Awaited<ReturnType<typeof api.account.passkeys.list.query>>['data'][number]

/** What the person signs in with, ended ones too. */
export function OwnPasskeys() {
  const pages = usePages('own passkeys', (starting_after) =>
    api.account.passkeys.list.query({ limit: 50, ...(starting_after ? { starting_after } : {}) }),
  )
  const { rows = [], more, reload } = pages
  // With a further page, there may be others.
  const isOnly = more === undefined && rows.filter(({ status }) => status === 'active').length === 1
  const remove = async (credential_id: string) => {
    const step_up = await confirmWithPasskey(`account.passkeys.remove:${credential_id}`)
    await api.account.passkeys.remove.mutate({ credential_id, step_up })
    reload()
  }
  const change = (row: Passkey) => {
    if (row.status !== 'active') return null
    const name = nameOf(row)
    return (
      <div className="actions">
        <RenamePasskey id={row.credential_id} name={name} onRenamed={reload} />
        {isOnly ? (
          <span className="quiet">Your only one cannot be removed.</span>
        ) : (
          <Confirm
            action="Remove"
            label={`Remove ${name}`}
            title={`Remove ${name}?`}
            onConfirm={() => remove(row.credential_id)}
          >
            <p>It signs in no more, for good. Sessions that are open go on. Any of your passkeys confirms it.</p>
          </Confirm>
        )}
      </div>
    )
  }
  return (
    <section aria-labelledby="passkeys">
      <h2 id="passkeys">Your passkeys</h2>
      {isOnly ? (
        <p className="notice">
          You have one passkey: add a second, on another device or a security key. Whoever loses the only one loses the
          account.
        </p>
      ) : null}
      <Paged
        pages={pages}
        caption="Your passkeys"
        keyOf={({ credential_id }) => credential_id}
        empty="There is none."
        columns={[
          { label: 'Name', cell: nameOf },
          { label: 'Status', cell: ({ status }) => <Badge state={status} /> },
          { label: 'Kept', cell: kept },
          { label: 'Created', cell: ({ created_at }) => <Time at={created_at} /> },
          { label: 'Last used', cell: ({ last_used_at }) => <Time at={last_used_at} /> },
          { label: 'Change', cell: change },
        ]}
      />
      <AddPasskey onAdded={reload} />
    </section>
  )
}
