import { chosenApplication } from '../api/chosen.ts'
import { useAction } from '../api/use-action.ts'
import { Alert } from '../ui/alert.tsx'
import { download } from './download.ts'
import type { Filters } from './filters.ts'

/** The whole range that the filters leave, as a file. */
export function Export({ filters }: { filters: Filters }) {
  const { isBusy, problem, run } = useAction((format: 'csv' | 'ndjson') =>
    download(format, filters, chosenApplication()),
  )
  return (
    <>
      <div className="actions">
        <button type="button" className="second" aria-disabled={isBusy} onClick={() => void run('csv')}>
          Export as CSV
        </button>
        <button type="button" className="second" aria-disabled={isBusy} onClick={() => void run('ndjson')}>
          Export as NDJSON
        </button>
      </div>
      <Alert problem={problem} />
    </>
  )
}
