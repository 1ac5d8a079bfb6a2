import { purgeAddressProofs } from './addresses/purge.ts'
import { purgeOldRegistrations } from './agents/registration-purge.ts'
import { eraseDeletedApplications } from './applications/erase.ts'
import { purgeOldSecrets, purgeOldWebhookSecrets } from './applications/rotate-secret.ts'
import { purgeAuditLogs } from './audit/retention.ts'
import { purgeGrants } from './authorization/purge.ts'
import { purgeUnusedClients } from './clients/purge.ts'
import { purgeDeviceRequests } from './device/purge.ts'
import { expireKeys, purgeOldVersions, warnOfExpiry } from './keys/expire.ts'
import { purgeInvitations } from './members/purge.ts'
import { purgeUsedAssertions } from './oauth/client-assertion.ts'
import { purgeRevokedTokens } from './oauth/revoked-tokens.ts'
import { purgeOnboardings } from './onboarding/hosted/purge.ts'
import { purgeUsedProofs } from './onboarding/proof.ts'
import { purgeExpiredCeremonies } from './passkeys/ceremony.ts'
import type { Deps } from './platform/context.ts'
import { purgeExpiredIdempotency } from './platform/idempotency.ts'
import type { Job } from './platform/jobs.ts'
import { purgeExpiredLimits } from './platform/limit-store.ts'
import { purgeOldMails } from './platform/mail-sender.ts'
import { ensureAuditPartitions } from './platform/partitions.ts'
import { purgeEndedSessions } from './sessions/purge.ts'
import { auditRetention } from './tenants/audit-retention.ts'
import { purgeIdleTenants, purgeTombstones } from './tenants/purge.ts'
import { purgeDeletedTenants } from './tenants/purge-deleted.ts'
import { foldActiveUsers, purgeOldUsage } from './usage/fold.ts'

const batch = 500

/** Runs a deletion of at most `batch` rows until it finds no more. */
async function drain(deleteSome: () => Promise<number>): Promise<number> {
  let total = 0
  for (;;) {
    const gone = await deleteSome()
    total += gone
    if (gone < batch) return total
  }
}

/** Work that nobody asks for (http-api.md §6): one line a job. */
export const jobs = {
  'idle-purge': {
    about: 'Removes vending-machine tenants idle for 7 days.',
    cron: '*/10 * * * *',
    run: purgeIdleTenants,
  },
  'expired-ceremonies': {
    about: 'Deletes challenges past their time.',
    cron: '* * * * *',
    run: ({ database, clock }) => drain(() => purgeExpiredCeremonies(database.sql, clock(), batch)),
  },
  mails: {
    about: 'Sends the mails that could not be sent at once.',
    cron: '* * * * *',
    run: ({ mailer }) => mailer.flush(),
  },
  'old-mails': {
    about: 'Deletes mails that no transport took for three days.',
    cron: '37 * * * *',
    run: ({ database, clock }) => drain(() => purgeOldMails(database.sql, clock(), batch)),
  },
  'expired-onboardings': {
    about: 'Deletes hosted sign-ups past their half hour, with the people who never got a passkey.',
    cron: '* * * * *',
    run: ({ database, clock }) => drain(() => purgeOnboardings(database.sql, clock(), batch)),
  },
  'old-invitations': {
    about: 'Deletes invitations a month past their time, with the people who never got a passkey.',
    cron: '43 * * * *',
    run: ({ database, clock }) => drain(() => purgeInvitations(database.sql, clock(), batch)),
  },
  'old-address-proofs': {
    about: 'Deletes mailed proofs of an address within a day of their end.',
    cron: '31 * * * *',
    run: ({ database, clock }) => drain(() => purgeAddressProofs(database.sql, clock(), batch)),
  },
  'old-agent-registrations': {
    about: 'Deletes registrations by e-mail within a day of their end.',
    cron: '19 * * * *',
    run: ({ database, clock }) => drain(() => purgeOldRegistrations(database.sql, clock(), batch)),
  },
  'expired-device-requests': {
    about: 'Deletes device codes an hour past their time.',
    cron: '* * * * *',
    run: ({ database, clock }) => drain(() => purgeDeviceRequests(database.sql, clock(), batch)),
  },
  'expired-limits': {
    about: 'Deletes limiter rows whose window is over.',
    cron: '*/5 * * * *',
    run: ({ database, clock }) => drain(() => purgeExpiredLimits(database.sql, clock().getTime(), batch)),
  },
  'ended-sessions': {
    about: 'Deletes sessions that ended more than 30 days ago.',
    cron: '7 * * * *',
    run: ({ database, clock }) => drain(() => purgeEndedSessions(database.sql, clock(), batch)),
  },
  'old-idempotency-records': {
    about: 'Deletes stored answers past their 24 hours.',
    cron: '*/10 * * * *',
    run: ({ database, clock }) => drain(() => purgeExpiredIdempotency(database.sql, clock(), batch)),
  },
  'old-tombstones': {
    about: 'Deletes hashes of purged secrets after 30 days.',
    cron: '41 4 * * *',
    run: ({ database, clock }) => drain(() => purgeTombstones(database.sql, clock(), batch)),
  },
  'old-client-secrets': {
    about: 'Deletes client and webhook secrets past their grace period.',
    cron: '*/5 * * * *',
    run: async ({ database, clock }) =>
      (await drain(() => purgeOldSecrets(database.sql, clock(), batch))) +
      (await drain(() => purgeOldWebhookSecrets(database.sql, clock(), batch))),
  },
  'deleted-applications': {
    about: 'Erases applications deleted 30 days ago, with everything they owned.',
    cron: '17 * * * *',
    run: eraseDeletedApplications,
  },
  'deleted-tenants': {
    about: 'Removes tenants deleted 30 days ago, once their applications are erased.',
    cron: '47 * * * *',
    run: purgeDeletedTenants,
  },
  usage: {
    about: 'Folds active users into the totals of their month.',
    cron: '* * * * *',
    run: ({ database }) => drain(() => foldActiveUsers(database.sql, batch)),
  },
  'old-usage': {
    about: 'Deletes months of usage after 25.',
    cron: '53 2 * * *',
    run: ({ database, clock }) => drain(() => purgeOldUsage(database.sql, clock(), batch)),
  },
  'revoked-tokens': {
    about:
      'Forgets revoked access tokens that have expired by themselves, used client assertions and used proofs of work.',
    cron: '*/10 * * * *',
    run: async ({ database, clock }) =>
      (await drain(() => purgeRevokedTokens(database.sql, clock(), batch))) +
      (await drain(() => purgeUsedAssertions(database.sql, clock(), batch))) +
      (await drain(() => purgeUsedProofs(database.sql, clock(), batch))),
  },
  'old-grants': {
    about: 'Deletes authorization codes and refresh tokens past their time.',
    cron: '*/10 * * * *',
    run: ({ database, clock }) => drain(() => purgeGrants(database.sql, clock(), batch)),
  },
  'unused-clients': {
    about: 'Deletes OAuth clients that nobody let in within 30 days of their registration.',
    cron: '47 3 * * *',
    run: ({ database, clock }) => drain(() => purgeUnusedClients(database.sql, clock(), batch)),
  },
  'expired-keys': {
    about: 'Ends secret keys past their time or idle for too long.',
    cron: '*/10 * * * *',
    run: expireKeys,
  },
  'expiring-keys': {
    about: 'Tells owners of secret keys that end within 14 days.',
    cron: '19 * * * *',
    run: warnOfExpiry,
  },
  'old-key-versions': {
    about: 'Deletes hashes of replaced and ended secret keys past their time.',
    cron: '*/5 * * * *',
    run: ({ database, clock }) => drain(() => purgeOldVersions(database.sql, clock(), batch)),
  },
  'signing-keys': {
    about: 'Rotates the signing key after 90 days; the old public key stays while tokens of it live.',
    cron: '23 3 * * *',
    run: ({ keys }) => keys.rotateIfDue(),
  },
  'audit-retention': {
    about: "Deletes audit rows older than their tenant's plan keeps them, and drops the months that nobody keeps.",
    cron: '29 * * * *',
    run: (deps) => purgeAuditLogs(deps, auditRetention),
  },
  'audit-partitions': {
    about: 'Makes the next months of the audit log.',
    cron: '11 2 * * *',
    run: ({ database, clock }) => ensureAuditPartitions(database.sql, clock()),
  },
} as const satisfies Record<string, Job<Deps>>
