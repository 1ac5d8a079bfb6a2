import { chooseApplication } from '../api/chosen.ts'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { base } from '../router/path.ts'
import { Alert } from '../ui/alert.tsx'
import { Choice } from '../ui/field.tsx'
import type { Account } from './session.tsx'

/** Which of the accounts that the person belongs to all screens are about; nothing to choose where there is one. */
export function AccountSwitcher({ account }: { account: Account }) {
  const { problem, run } = useAction(async (account_id: string) => {
    await api.account.choose.mutate({ account_id })
    // Nothing on any screen is the other account's.
    chooseApplication(null)
    window.location.assign(base)
  })
  if (account.accounts.length < 2) return null
  return (
    <>
      <Choice label="Account" value={account.id} onChange={({ target }) => void run(target.value)}>
        {account.accounts.map(({ id, name }) => (
          <option key={id} value={id}>
            {name || id}
          </option>
        ))}
      </Choice>
      <Alert problem={problem} />
    </>
  )
}
