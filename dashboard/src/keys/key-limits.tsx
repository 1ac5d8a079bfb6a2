import type { Problem } from '../api/problem.ts'
import { useSession } from '../session/session.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { AllOrSome } from './all-or-some.tsx'
import { rights } from './rights.ts'

const dayMillis = 86_400_000

/** The end of a key's life in so many days; none for 0. */
export const expiresAt = (days: number): string | undefined =>
  days > 0 ? new Date(Date.now() + days * dayMillis).toISOString() : undefined

/** Addresses as somebody types them, with spaces or commas between them; none for an empty field. */
export function addressesIn(text: string): string[] | undefined {
  const addresses = text.split(/[\s,]+/).filter(Boolean)
  return addresses.length > 0 ? addresses : undefined
}

/** What is wrong with the list, or with the first address that something is wrong with. */
function addressProblem(problem: Problem | undefined): string | undefined {
  const about = Object.entries(problem?.fields ?? {}).find(([path]) => /^allowed_ips(?:\.\d+)?$/.test(path))
  return about?.[1]
}

/** What a new key may do, where, from where, and for how long. */
export function KeyLimits({ problem }: { problem: Problem | undefined }) {
  const { applications } = useSession()
  return (
    <>
      <AllOrSome
        legend="Rights"
        name="reach"
        all="Everything in the account"
        some="Only some rights"
        member="scope"
        options={rights.map(([value, about]) => ({ value, label: value, about }))}
        problem={problem?.fields.scopes}
      />
      <AllOrSome
        legend="Applications"
        name="where"
        all="Every application, also those to come"
        some="Only some applications"
        member="application"
        options={applications.map(({ id, name }) => ({ value: id, label: name, about: '' }))}
        problem={problem?.fields.application_ids}
      />
      <Field
        label="Addresses"
        name="addresses"
        hint="Where it may be used from, such as 192.0.2.0/24 or 2001:db8::/32; anywhere if left empty."
        autoComplete="off"
        spellCheck={false}
        problem={addressProblem(problem)}
      />
      <Choice label="Ends" name="days" defaultValue="90" problem={problem?.fields.expires_at}>
        <option value="30">in 30 days</option>
        <option value="90">in 90 days</option>
        <option value="365">in a year</option>
        <option value="0">never, until it is revoked</option>
      </Choice>
    </>
  )
}
