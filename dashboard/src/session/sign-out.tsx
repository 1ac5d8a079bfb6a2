import { chooseApplication } from '../api/chosen.ts'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { Alert } from '../ui/alert.tsx'

/** Ends the session here and on the server. */
export function SignOut({ signedOut }: { signedOut: () => void }) {
  const { isBusy, problem, run } = useAction(async () => {
    await api.dashboard.session.close.mutate({})
    chooseApplication(null)
    signedOut()
  })
  return (
    <>
      <button type="button" className="second" aria-disabled={isBusy} onClick={() => void run()}>
        Sign out
      </button>
      <Alert problem={problem} />
    </>
  )
}
