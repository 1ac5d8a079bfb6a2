import { AskForProof } from '../address/ask-for-proof.tsx'
import { api } from '../api/client.ts'
import { useQuery } from '../api/use-query.ts'
import { Link } from '../router/link.tsx'
import { useSession } from '../session/session.tsx'
import { Facts } from '../ui/facts.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { Table } from '../ui/table.tsx'
import { OwnPasskeys } from './passkeys.tsx'

const roles = {
  owner: 'owner',
  admin: 'admin: everything but billing, members and deleting tenants',
  viewer: 'viewer: may look at everything and change nothing',
} as const

/** The account, the own part in it, and what the person signs in with. */
export function AccountScreen() {
  const { account } = useSession()
  // Tenants change on screens of their own, so they are read anew.
  const query = useQuery('account', () => api.account.get.query({}))
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
      <AskForProof account={account} />
      <OwnPasskeys />
      <h2>Tenants</h2>
      <Loaded query={query}>
        {({ tenants }) => (
          <Table
            caption="Tenants"
            rows={tenants}
            keyOf={({ id }) => id}
            empty="There is none."
            columns={[
              { label: 'Name', cell: ({ id, name }) => <Link to={`/tenants/${id}`}>{name || id}</Link> },
              { label: 'ID', cell: ({ id }) => <code>{id}</code> },
            ]}
          />
        )}
      </Loaded>
    </Page>
  )
}
