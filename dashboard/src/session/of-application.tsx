import type { ReactNode } from 'react'
import { Link } from '../router/link.tsx'
import { Page } from '../ui/page.tsx'
import { type Application, useSession } from './session.tsx'

/** A screen that is about the chosen application, and says what to do while there is none. */
export function OfApplication({ children }: { children: (application: Application) => ReactNode }) {
  const { application } = useSession()
  if (application) return children(application)
  return (
    <Page title="There is no application yet">
      <p>
        <Link to="/applications/new">Create one</Link> first: users, audit log and usage belong to it.
      </p>
    </Page>
  )
}
