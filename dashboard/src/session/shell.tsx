import { type ReactNode, useState } from 'react'
import { WaitingCount } from '../connect/waiting.tsx'
import { Link } from '../router/link.tsx'
import { useSegments } from '../router/path.ts'
import { AccountSwitcher } from './account-switcher.tsx'
import { type Account, useSession } from './session.tsx'
import { SignOut } from './sign-out.tsx'
import { Switcher } from './switcher.tsx'

const screens = [
  ['/', 'Applications'],
  ['/users', 'Users'],
  ['/audit', 'Audit log'],
  ['/usage', 'Usage'],
  ['/keys', 'Secret keys'],
  ['/agents', 'Agents'],
  ['/connect', 'Connect a program'],
  ['/account', 'Account'],
] as const

/** Further ones for those who have something to do there. */
const screensOf = ({ role, operator }: Account) => [
  ...screens,
  ...(role === 'owner' ? ([['/members', 'Members']] as const) : []),
  ...(operator ? ([['/accounts', 'Waiting accounts']] as const) : []),
]

const isCurrent = (path: string, segment: string | undefined): boolean =>
  path === '/' ? segment === undefined || segment === 'applications' : path === `/${segment}`

/** What stands around every screen: the way past it, the menu, the application switcher, and signing out. */
export function Shell({ children }: { children: ReactNode }) {
  const { account, signedOut } = useSession()
  const [segment] = useSegments()
  const [isOpen, setOpen] = useState(false)
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header>
        <p className="brand">
          TryMellon <span className="quiet">{account.name}</span>
        </p>
        <button
          type="button"
          className="second menu"
          aria-expanded={isOpen}
          aria-controls="menu"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </button>
        <div id="menu" className={isOpen ? 'open' : ''}>
          <AccountSwitcher account={account} />
          <Switcher />
          <nav aria-label="Main">
            <ul>
              {screensOf(account).map(([path, name]) => (
                <li key={path}>
                  <Link to={path} current={isCurrent(path, segment)} onFollow={() => setOpen(false)}>
                    {name}
                    {path === '/connect' ? <WaitingCount /> : null}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <SignOut signedOut={signedOut} />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  )
}
