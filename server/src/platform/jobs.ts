import type { Database } from './db.ts'
import type { Log } from './log.ts'
import { monotonic } from './time.ts'

/** A job as the table has it. `cron` is five fields in UTC; the function is safe to repeat and to run twice. */
export type Job<D> = { about: string; cron: string; run(deps: D): Promise<unknown> }

export type JobRunner = { close(): Promise<void> }

/** pg-boss asks every two seconds by default; these jobs are minutes apart. */
const pollSeconds = 20

/**
 * Works the table's jobs through pg-boss: on one instance at a time, each queue holding at most one waiting or running
 * job. Its tables live in the schema `pgboss` of the same database.
 */
export async function startJobs<D>(
  database: Database,
  url: string | undefined,
  jobs: Record<string, Job<D>>,
  deps: D,
  log: Log,
): Promise<JobRunner> {
  const { PgBoss, fromPglite } = await import('pg-boss')
  const boss = database.pglite
    ? new PgBoss({ db: fromPglite(database.pglite), backend: 'pglite' })
    : new PgBoss({ connectionString: url as string, max: 2, application_name: 'trymellon-jobs' })
  // Every worker of every queue reports the same outage at every poll: one line a minute says it.
  let quietUntil = 0
  boss.on('error', (error) => {
    if (monotonic() < quietUntil) return
    quietUntil = monotonic() + 60_000
    log.warn({ reason: error.message }, 'jobs are interrupted')
  })
  await boss.start()
  for (const [name, job] of Object.entries(jobs)) {
    await boss.createQueue(name, {
      policy: 'exclusive',
      retryLimit: 0,
      expireInSeconds: 3600,
      deleteAfterSeconds: 86_400,
    })
    await boss.work(name, { pollingIntervalSeconds: pollSeconds }, async () => {
      try {
        const result = await job.run(deps)
        if (result) log.info({ job: name, result }, 'job done')
      } catch (error) {
        // pg-boss keeps the failure; the next run of the schedule is the retry.
        log.error({ err: error, job: name }, 'job failed')
        throw error
      }
    })
    await boss.schedule(name, job.cron)
  }
  return { close: () => boss.stop({ graceful: true, timeout: 5000 }) }
}
