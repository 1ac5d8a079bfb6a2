import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { navigate } from '../router/path.ts'
import { Alert } from '../ui/alert.tsx'
import { Confirm } from '../ui/confirm.tsx'

type User = Awaited<ReturnType<typeof api.users.get.query>>
type Props = { user: User; path: string; onChanged: () => void }

/** Keeping somebody out, letting them in again, ending a lockout early, and erasing a user for good. */
export function UserStatus({ user, path, onChanged }: Props) {
  const change = async (status: 'active' | 'disabled') => {
    await api.users.update.mutate({ external_user_id: path, status })
    onChanged()
  }
  const enabling = useAction(() => change('active'))
  const unlocking = useAction(async () => {
    await api.users.unlock.mutate({ external_user_id: path })
    onChanged()
  })
  const erase = async () => {
    await api.users.delete.mutate({ external_user_id: path })
    navigate('/users')
  }
  return (
    <>
      <div className="actions">
        {user.status === 'disabled' ? (
          <button type="button" aria-disabled={enabling.isBusy} onClick={() => void enabling.run()}>
            Enable
          </button>
        ) : (
          <Confirm action="Disable" title="Disable this user?" onConfirm={() => change('disabled')}>
            <p>Every session ends, and no passkey signs in until the user is enabled again.</p>
          </Confirm>
        )}
        {user.status === 'locked' ? (
          <button type="button" aria-disabled={unlocking.isBusy} onClick={() => void unlocking.run()}>
            Unlock
          </button>
        ) : null}
        <Confirm action="Erase" title="Erase this user?" phrase="erase" onConfirm={erase}>
          <p>All passkeys, sessions and audit rows of the user go with it. This cannot be undone.</p>
        </Confirm>
      </div>
      <Alert problem={enabling.problem ?? unlocking.problem} />
    </>
  )
}
