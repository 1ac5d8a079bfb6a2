import type { Problem } from '../api/problem.ts'
import { Choice, Field } from '../ui/field.tsx'
import { Form } from '../ui/form.tsx'
import { type Filters, filtersIn } from './filters.ts'

type Props = { onChange: (filters: Filters) => void; problem: Problem | undefined }

/** What the list is narrowed by. */
export function AuditFilters({ onChange, problem }: Props) {
  return (
    <Form className="filters" label="Filters" onSubmit={(values) => onChange(filtersIn(values))}>
      <Choice label="Event" name="event" defaultValue="" problem={problem?.fields.event}>
        <option value="">all</option>
        {__AUDIT_EVENTS__.map((event) => (
          <option key={event}>{event}</option>
        ))}
      </Choice>
      <Choice label="Outcome" name="outcome" defaultValue="">
        <option value="">all</option>
        <option value="success">success</option>
        <option value="failure">failure</option>
      </Choice>
      <Field label="User ID" name="user_id" autoComplete="off" spellCheck={false} problem={problem?.fields.user_id} />
      <Field label="From" name="from" type="datetime-local" problem={problem?.fields.from} />
      <Field label="To" name="to" type="datetime-local" problem={problem?.fields.to} />
      <div className="actions">
        <button type="submit">Apply</button>
        <button type="reset" className="second" onClick={() => onChange({})}>
          Clear
        </button>
      </div>
    </Form>
  )
}
