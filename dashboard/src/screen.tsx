import { AccountScreen } from './account/account.tsx'
import { AgentsScreen } from './agents/agents.tsx'
import { ApplicationScreen } from './applications/application.tsx'
import { ApplicationsScreen } from './applications/applications.tsx'
import { NewApplicationScreen } from './applications/new-application.tsx'
import { AuditScreen } from './audit/audit.tsx'
import { ConnectScreen } from './connect/connect.tsx'
import { KeysScreen } from './keys/keys.tsx'
import { NewKeyScreen } from './keys/new-key.tsx'
import { MembersScreen } from './members/members.tsx'
import { OperatedAccountsScreen } from './operator/accounts.tsx'
import { useSegments } from './router/path.ts'
import { OfApplication } from './session/of-application.tsx'
import { useSession } from './session/session.tsx'
import { TenantScreen } from './tenants/tenant.tsx'
import { NotFound } from './ui/not-found.tsx'
import { UsageScreen } from './usage/usage.tsx'
import { UserScreen } from './users/user.tsx'
import { UsersScreen } from './users/users.tsx'

/** The screen at the current path. */
export function Screen() {
  const [screen, id, beyond] = useSegments()
  const { account } = useSession()
  if (beyond !== undefined) return <NotFound />
  switch (screen) {
    case undefined:
      return <ApplicationsScreen />
    case 'applications':
      if (id === 'new') return <NewApplicationScreen />
      return id ? <ApplicationScreen key={id} id={id} /> : <ApplicationsScreen />
    case 'users':
      return (
        <OfApplication>
          {(application) =>
            id ? <UserScreen key={id} application={application} id={id} /> : <UsersScreen application={application} />
          }
        </OfApplication>
      )
    case 'audit':
      return (
        <OfApplication>{(application) => <AuditScreen key={application.id} application={application} />}</OfApplication>
      )
    case 'usage':
      return <OfApplication>{(application) => <UsageScreen application={application} />}</OfApplication>
    case 'keys':
      return id === 'new' ? <NewKeyScreen /> : id ? <NotFound /> : <KeysScreen />
    case 'agents':
      return <AgentsScreen />
    case 'connect':
      return <ConnectScreen />
    case 'account':
      return <AccountScreen />
    case 'tenants':
      return id ? <TenantScreen key={id} id={id} /> : <NotFound />
    case 'members':
      return <MembersScreen />
    case 'accounts':
      return account.operator ? <OperatedAccountsScreen /> : <NotFound />
    default:
      return <NotFound />
  }
}
