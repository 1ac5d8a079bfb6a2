import { useSession } from '../session/session.tsx'
import { Facts } from '../ui/facts.tsx'
import { Page } from '../ui/page.tsx'
import { Table } from '../ui/table.tsx'
import { OwnPasskeys } from './passkeys.tsx'

const roles = {
  owner: 'owner',
  admin: 'admin: everything but billing',
  viewer: 'viewer: may look at everything and change nothing',
} as const

/** The account, the own part in it, and what the person signs in with. */
export function AccountScreen() {
  const { account } = useSession()
  return (
    <Page title="Account">
      <Facts
        rows={[
          ['Name', account.name],
          ['Your e-mail', account.email ?? '–'],
          ['Your role', roles[account.role]],
          ['Plan', account.plan],
          ['Account ID', <code key="id">{account.id}</code>],
        ]}
      />
      <OwnPasskeys />
      <h2>Tenants</h2>
      <Table
        caption="Tenants"
        rows={account.tenants}
        keyOf={({ id }) => id}
        empty="There is none."
        columns={[
          { label: 'Name', cell: ({ name }) => name },
          { label: 'ID', cell: ({ id }) => <code>{id}</code> },
        ]}
      />
    </Page>
  )
}
