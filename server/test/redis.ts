/** Address of a Redis or Valkey server that tests may write to; undefined when the run goes without one. */
export const testRedisUrl: string | undefined = process.env.TEST_REDIS_URL || undefined

if (!testRedisUrl) console.warn('TEST_REDIS_URL is not set: nothing is tested on Redis in this run')
