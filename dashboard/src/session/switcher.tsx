import { navigate, useSegments } from '../router/path.ts'
import { Choice } from '../ui/field.tsx'
import { useSession } from './session.tsx'

/** Which application users, audit log and usage are shown of; nothing to choose where there is one. */
export function Switcher() {
  const { applications, application, choose } = useSession()
  const [screen, id] = useSegments()
  if (!application || applications.length < 2) return null
  const change = (chosen: string) => {
    choose(chosen)
    // A user of one application is none of another.
    if (screen === 'users' && id) navigate('/users')
  }
  return (
    <Choice label="Application" value={application.id} onChange={(event) => change(event.target.value)}>
      {applications.map(({ id: each, name }) => (
        <option key={each} value={each}>
          {name}
        </option>
      ))}
    </Choice>
  )
}
