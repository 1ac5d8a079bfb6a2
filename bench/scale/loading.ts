import { execFileSync } from 'node:child_process'
import { CLIENT_CORE, SERVER_CORE } from '../child.ts'
import type { Postgres } from '../postgres.ts'
import { withClient } from './with-client.ts'

/** Settings of the load alone; nobody relies on the cluster before it is over. */
const LOADING = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_wal_size: '4GB',
  maintenance_work_mem: '512MB',
  autovacuum: 'off',
}

/** Lets PostgreSQL have both cores and skip durability while `load` runs, then puts everything back. */
export function whileLoading<T>(postgres: Postgres, load: () => Promise<T>): Promise<T> {
  // Connections that begin from now on take it over.
  const cores = (list: string) => execFileSync('taskset', ['-c', '-p', list, String(postgres.pid)], { stdio: 'ignore' })
  return withClient(postgres.url('postgres'), async (client) => {
    cores(`${SERVER_CORE},${CLIENT_CORE}`)
    for (const [name, value] of Object.entries(LOADING)) await client.query(`alter system set ${name} = '${value}'`)
    await client.query('select pg_reload_conf()')
    try {
      return await load()
    } finally {
      await client.query('alter system reset all')
      await client.query('select pg_reload_conf()')
      await client.query('checkpoint')
      cores(CLIENT_CORE)
    }
  })
}
