import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { confirmWithPasskey } from '../passkeys/step-up.ts'
import { base } from '../router/path.ts'
import type { Account } from '../session/session.tsx'
import { Alert } from '../ui/alert.tsx'
import { Page } from '../ui/page.tsx'

type Proven = Awaited<ReturnType<typeof api.account.address.prove.mutate>>

/** A real navigation: what the session shows of the account has changed. */
const ToAccount = ({ children }: { children: string }) => <a href={`${base}/account`}>{children}</a>

/** The page behind the link of the mail that proves an address; whoever is signed out has signed in before. */
export function ConfirmAddress({ token, account }: { token: string; account: Account }) {
  const [proven, setProven] = useState<Proven>()
  return (
    <main id="main" className="narrow">
      {proven ? (
        <Done key="done" {...proven} />
      ) : token ? (
        <Press token={token} account={account} onProven={setProven} />
      ) : (
        <Page title="Confirm your e-mail address" lead="Open the link in the mail once more: part of it is missing.">
          <p>
            <ToAccount>To your account</ToAccount>
          </p>
        </Page>
      )}
    </main>
  )
}

function Press({ token, account, onProven }: { token: string; account: Account; onProven: (proven: Proven) => void }) {
  const { isBusy, problem, run } = useAction(async () => {
    const step_up = await confirmWithPasskey('account.address.prove')
    onProven(await api.account.address.prove.mutate({ token, step_up }))
  })
  return (
    <Page title="Confirm your e-mail address">
      <p>
        You are signed in to <strong>{account.name || account.id}</strong>. Whoever reads the mailbox that this link was
        sent to can then get keys for your account. Go on only if it is yours and you asked for the mail.
      </p>
      <Alert problem={problem} />
      <div className="actions">
        <button type="button" aria-disabled={isBusy} onClick={() => void run()}>
          Confirm with a passkey
        </button>
      </div>
      <p>
        <ToAccount>Not now</ToAccount>
      </p>
    </Page>
  )
}

function Done({ email, accounts }: Proven) {
  return (
    <Page title="Your e-mail address is confirmed">
      <p role="status">{email} is yours. Agents that register with it get keys for your account.</p>
      {accounts.length > 0 ? (
        <>
          <p>Agents had opened an account with it before. It is yours now too; choose it at the top of any screen:</p>
          <ul>
            {accounts.map(({ id, name }) => (
              <li key={id}>{name || id}</li>
            ))}
          </ul>
        </>
      ) : null}
      <p>
        <ToAccount>To your account</ToAccount>
      </p>
    </Page>
  )
}
