import { Link } from '../router/link.tsx'
import { Page } from './page.tsx'

export function NotFound() {
  return (
    <Page title="There is nothing here">
      <p>
        <Link to="/">Back to the applications</Link>
      </p>
    </Page>
  )
}
