type Shown = { alias: string | null; transports: string[]; backup_eligible: boolean; backup_state: boolean }

/** What a passkey is called: by its owner, or by what is known of where it is. */
export const nameOf = ({ alias, transports }: Pick<Shown, 'alias' | 'transports'>): string =>
  alias ?? (transports.includes('internal') ? 'Passkey on a device' : 'Passkey')

/** Whether it lives on one device, or is kept by an account that several share. */
export const kept = ({ backup_eligible, backup_state }: Pick<Shown, 'backup_eligible' | 'backup_state'>): string => {
  if (!backup_eligible) return 'one device'
  return backup_state ? 'synced' : 'can be synced'
}
