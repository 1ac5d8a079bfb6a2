import { useState } from 'react'
import { api } from '../api/client.ts'
import { useQuery } from '../api/use-query.ts'
import type { Application } from '../session/session.tsx'
import { Choice } from '../ui/field.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { Table } from '../ui/table.tsx'
import { Bars } from './bars.tsx'
import { monthLabel, monthName, monthsUpTo } from './months.ts'

const shown = 6
const kept = 25

/** Calls and active users of the tenant in the months up to a chosen one: as bars, and as the same figures in a table. */
export function UsageScreen({ application }: { application: Application }) {
  const all = monthsUpTo(new Date(), kept)
  const [last, setLast] = useState(all.at(-1) ?? '')
  const end = all.indexOf(last) + 1
  const months = all.slice(Math.max(0, end - shown), end)
  const query = useQuery(`usage ${application.id} ${last}`, () =>
    Promise.all(months.map((period) => api.usage.get.query({ period }))),
  )
  return (
    <Page title="Usage" lead={`Of the tenant of ${application.name}. Months are in UTC.`}>
      <Choice label="Up to the month" value={last} onChange={(event) => setLast(event.target.value)}>
        {all.toReversed().map((month) => (
          <option key={month} value={month}>
            {monthName(month)}
          </option>
        ))}
      </Choice>
      <Loaded query={query}>
        {(rows) => (
          <>
            <div className="plots">
              <Bars
                title="API calls"
                bars={rows.map((row) => ({ name: monthLabel(row.period), value: row.api_calls }))}
              />
              <Bars
                title="Active users"
                bars={rows.map((row) => ({ name: monthLabel(row.period), value: row.active_users }))}
              />
            </div>
            <Table
              caption="Usage by month"
              rows={rows.toReversed()}
              keyOf={({ period }) => period}
              empty=""
              columns={[
                { label: 'Month', cell: ({ period }) => monthName(period) },
                { label: 'API calls', cell: ({ api_calls }) => api_calls.toLocaleString() },
                { label: 'Active users', cell: ({ active_users }) => active_users.toLocaleString() },
                { label: 'Sign-ins for another device', cell: ({ qr_sessions }) => qr_sessions.toLocaleString() },
                { label: 'E-mails sent', cell: ({ emails_sent }) => emails_sent.toLocaleString() },
              ]}
            />
            <p>Users there are now: {(rows.at(-1)?.users_total ?? 0).toLocaleString()}</p>
          </>
        )}
      </Loaded>
    </Page>
  )
}
