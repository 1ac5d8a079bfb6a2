import { Redis } from 'ioredis'
import type { Log } from './log.ts'

/** Opens Redis or Valkey for the shared limits. Commands fail at once while it is away; it reconnects by itself. */
export async function openRedis(url: string, log: Log): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2000,
  })
  redis.on('error', (error) => log.warn({ err: error }, 'redis is away'))
  // Away at the start is like away later: reads pass, writes answer 503, and it reconnects by itself.
  await redis.connect().catch((error: unknown) => log.warn({ err: error }, 'redis is not reachable yet'))
  return redis
}
