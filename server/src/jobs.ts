import { eraseDeletedApplications } from './applications/erase.ts'
import { purgeOldSecrets, purgeOldWebhookSecrets } from './applications/rotate-secret.ts'
import { purgeAuditLogs } from './audit/retention.ts'
import { purgeExpiredCeremonies } from './passkeys/ceremony.ts'
import type { Deps } from './platform/context.ts'
import { purgeExpiredIdempotency } from './platform/idempotency.ts'
import type { Job } from './platform/jobs.ts'
import { purgeExpiredLimits } from './platform/limit-store.ts'
import { ensureAuditPartitions } from './platform/partitions.ts'
import { purgeEndedSessions } from './sessions/purge.ts'
import { auditRetention } from './tenants/audit-retention.ts'
import { purgeIdleTenants, purgeTombstones } from './tenants/purge.ts'
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
