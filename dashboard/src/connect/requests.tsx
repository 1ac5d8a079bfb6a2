import { useEffect, useRef } from 'react'
import { api } from '../api/client.ts'
import { site } from '../router/path.ts'
import { useSession } from '../session/session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { useWaiting, type WaitingRequest } from './waiting.tsx'

const nameOf = ({ agent_name, client_name }: WaitingRequest): string =>
  agent_name ?? client_name ?? 'A program without a name'

const rightsOf = ({ claim, scopes }: WaitingRequest): string =>
  claim ? 'to hand its tenant over to you' : scopes.map(({ about }) => about).join(', ')

/** What is undone by saying no: a question, or an approval that was not used yet. */
function Refuse({ request, onDone }: { request: WaitingRequest; onDone: () => void }) {
  const isApproved = request.status === 'approved'
  const action = isApproved ? 'Take back' : 'Deny'
  const refuse = async () => {
    await api.device.requests.deny.mutate({ request_id: request.id })
    onDone()
  }
  return (
    <Confirm
      action={action}
      label={`${action} ${nameOf(request)}`}
      title={isApproved ? `Take the approval of ${nameOf(request)} back?` : `Deny ${nameOf(request)}?`}
      onConfirm={refuse}
    >
      <p>
        {isApproved ? 'It has not collected its access yet, and will get none.' : 'It gets no access.'} Its code ends
        for good; to ask again it needs a new one.
      </p>
    </Confirm>
  )
}

/** Programs that wait for the person, and what the person approved and none has collected. */
export function Requests() {
  const { canChange } = useSession()
  const query = useWaiting()
  const { data, reload } = query
  const isKnown = useRef(data !== undefined)
  useEffect(() => {
    // What the menu knows may be a while old.
    if (isKnown.current) reload()
  }, [reload])
  return (
    <section aria-labelledby="waiting">
      <h2 id="waiting">Waiting</h2>
      <p className="quiet">
        Programs whose code you have entered, and those of your own applications. Nobody has verified their names. To
        approve one, enter the code that it shows: so you see that it is yours.
      </p>
      <Loaded query={query}>
        {({ data: requests, has_more }) => (
          <>
            <Table
              caption="Programs that wait"
              rows={requests}
              keyOf={({ id }) => id}
              empty="No program is waiting."
              columns={[
                { label: 'Name', cell: nameOf },
                { label: 'Client', cell: ({ client_name }) => client_name ?? '–' },
                {
                  label: 'Status',
                  cell: ({ status }) => <Badge state={status === 'approved' ? 'not collected' : 'waiting'} />,
                },
                { label: 'Asks', cell: rightsOf },
                { label: 'Asked from', cell: ({ ip_address }) => ip_address },
                { label: 'Asked', cell: ({ requested_at }) => <Time at={requested_at} /> },
                { label: 'Ends', cell: ({ expires_at }) => <Time at={expires_at} /> },
                {
                  label: 'Decide',
                  cell: (request) =>
                    canChange ? (
                      <div className="actions">
                        {request.status === 'pending' ? (
                          <a
                            className="button"
                            href={`${site}/device`}
                            aria-label={`Enter the code of ${nameOf(request)}`}
                          >
                            Enter the code
                          </a>
                        ) : null}
                        <Refuse request={request} onDone={reload} />
                      </div>
                    ) : null,
                },
              ]}
            />
            {has_more ? <p className="quiet">These are the newest 100; more are waiting.</p> : null}
          </>
        )}
      </Loaded>
    </section>
  )
}
