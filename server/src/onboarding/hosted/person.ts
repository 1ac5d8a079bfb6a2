import { canonicalAddress } from '../../accounts/people.ts'
import { invalid } from '../../platform/errors.ts'
import type { OnboardingRow, Role } from './session.ts'

/** What somebody says of themselves; nobody has proved any of it. */
export type Person = {
  company_name?: string | undefined
  display_name?: string | undefined
  email?: string | undefined
}

/** @throws 400 validation_error for a member that the other role has */
export function refuseForeign(role: Role, person: Person, path = ''): void {
  const foreign = role === 'maintainer' ? 'display_name' : 'company_name'
  if (person[foreign] !== undefined) throw invalid(`${path}${foreign}`, `is not asked of ${role}`)
}

/**
 * What the data of a step must hold: a maintainer's company and address; of an end user a name or an address, by which the
 * authenticator shows the passkey.
 * @throws 400 validation_error naming the field
 */
export function checkPerson(role: Role, person: Person): void {
  refuseForeign(role, person)
  const { company_name, display_name, email } = person
  if (role === 'maintainer' && company_name === undefined) throw invalid('company_name', 'is required')
  if (email === undefined && display_name === undefined) {
    throw invalid('email', role === 'maintainer' ? 'is required' : 'is required, or display_name is')
  }
}

/** How the authenticator lists the passkey: an end user by name and address, a maintainer by address. */
export function shownAs({ display_name, email }: Person): { name: string; displayName: string } {
  const name = email ?? display_name ?? ''
  return { name, displayName: display_name ?? name }
}

/**
 * What an end user begins with. An address that nobody proved is no identifier, so that it cannot be taken in advance
 * (security 193): it stands in the metadata like the name, where the application reads it as what the person wrote.
 */
export const metadataOf = ({ address, display_name }: OnboardingRow): Record<string, string> => ({
  ...(address === null ? {} : { email: canonicalAddress(address) }),
  ...(display_name === null ? {} : { display_name }),
})
