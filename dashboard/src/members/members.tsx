import { api } from '../api/client.ts'
import { usePages } from '../api/use-pages.ts'
import { base } from '../router/path.ts'
import { useSession } from '../session/session.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Page } from '../ui/page.tsx'
import { Paged } from '../ui/paged.tsx'
import { Time } from '../ui/time.tsx'
import { Invitations } from './invitations.tsx'

/** The people of the account, for its owners. */
export function MembersScreen() {
  const { account } = useSession()
  if (account.role === 'owner') return <Members />
  return (
    <Page title="Members">
      <p>Only owners of the account see who is in it.</p>
    </Page>
  )
}

function Members() {
  const { account } = useSession()
  const pages = usePages('members', (starting_after) =>
    api.account.members.list.query({ limit: 50, ...(starting_after ? { starting_after } : {}) }),
  )
  const remove = async (user_id: string) => {
    await api.account.members.remove.mutate({ user_id })
    // Who left is elsewhere now, or signed out.
    if (user_id === account.user_id) window.location.assign(base)
    else pages.reload()
  }
  return (
    <Page title="Members" lead="The people of this account. Owners invite and remove them.">
      <Paged
        pages={pages}
        caption="Members"
        keyOf={({ user_id }) => user_id}
        empty="There is nobody."
        columns={[
          {
            label: 'E-mail',
            cell: ({ email, user_id }) => `${email ?? user_id}${user_id === account.user_id ? ' (you)' : ''}`,
          },
          { label: 'Role', cell: ({ role }) => role },
          { label: 'Address', cell: ({ email_verified }) => (email_verified ? 'verified' : 'not verified') },
          { label: 'Since', cell: ({ joined_at }) => <Time at={joined_at} /> },
          {
            label: 'Remove',
            cell: ({ user_id, email }) => (
              <Confirm
                action="Remove"
                label={`Remove ${email ?? user_id}`}
                title={user_id === account.user_id ? 'Leave the account?' : `Remove ${email ?? user_id}?`}
                onConfirm={() => remove(user_id)}
              >
                <p>
                  Their sessions for this account end at once, and so do the agents, secret keys and consents that they
                  approved, and the invitations that they sent. Replace first what is still needed.
                </p>
              </Confirm>
            ),
          },
        ]}
      />
      <Invitations />
    </Page>
  )
}
