import { purgeAuditLogs } from '../../server/src/audit/retention.ts'
import { openDatabase } from '../../server/src/platform/db.ts'
import { createLog } from '../../server/src/platform/log.ts'
import { systemClock } from '../../server/src/platform/time.ts'
import { auditRetention } from '../../server/src/tenants/audit-retention.ts'

/*
 * The product's job `audit-retention`, once, in a process of its own, as another instance would work it. First argument:
 * URL of the database. Prints its time and its result as JSON.
 */

const database = await openDatabase({ url: process.argv[2] ?? '' })
await database.ping()
const start = performance.now()
const result = await purgeAuditLogs({ database, clock: systemClock, log: createLog('warn') }, auditRetention)
console.log(JSON.stringify({ milliseconds: performance.now() - start, result }))
await database.close()
