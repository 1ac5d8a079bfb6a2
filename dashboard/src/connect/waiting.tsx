import { createContext, type ReactNode, use } from 'react'
import { api } from '../api/client.ts'
import { type Query, useQuery } from '../api/use-query.ts'
import { useWhileVisible } from '../api/use-while-visible.ts'

type Waiting = Awaited<ReturnType<typeof api.device.requests.list.query>>
export type WaitingRequest = Waiting['data'][number]

const everyMillis = 20_000
const WaitingContext = createContext<Query<Waiting> | null>(null)

/** Knows which programs wait for the person, for the menu and the screen alike; asked anew while the page is looked at. */
export function WaitingPrograms({ children }: { children: ReactNode }) {
  const query = useQuery('device requests', () => api.device.requests.list.query({ limit: 100 }))
  useWhileVisible(everyMillis, query.reload)
  return <WaitingContext value={query}>{children}</WaitingContext>
}

/** What waits for the signed-in person; only below `WaitingPrograms`. */
export function useWaiting(): Query<Waiting> {
  const query = use(WaitingContext)
  if (!query) throw new Error('nobody is signed in here')
  return query
}

/** How many wait for a decision, in the link that leads to them. */
export function WaitingCount() {
  const { data } = useWaiting()
  const count = data?.data.filter(({ status }) => status === 'pending').length ?? 0
  if (count === 0) return null
  return (
    <>
      {' '}
      <span className="badge">
        {count}
        {data?.has_more ? '+' : ''}
        <span className="unseen"> waiting</span>
      </span>
    </>
  )
}
