import { Page } from '../ui/page.tsx'
import { AccountSwitcher } from './account-switcher.tsx'
import type { Account } from './session.tsx'
import { SignOut } from './sign-out.tsx'

/** All that somebody sees whose account was not admitted yet (agents.md §5.4). */
export function Waitlist({ account, signedOut }: { account: Account; signedOut: () => void }) {
  return (
    <main id="main" className="narrow">
      <Page title="You're on the Waitlist" lead="We will write to you when your account is admitted.">
        <AccountSwitcher account={account} />
        <SignOut signedOut={signedOut} />
      </Page>
    </main>
  )
}
