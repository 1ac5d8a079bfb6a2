import { Redis } from 'ioredis'
import type { Log } from './log.ts'

/** Opens Redis or Valkey for the shared limits. Commands fail at once while it is away; it reconnects by itself. */
export async function openRedis(url: string, log: Log): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 1, connectTimeout: 2000 })
  redis.on('error', (error) => log.warn({ err: error }, 'redis is away'))
  await redis.connect()
  return redis
}
