import type { Problem } from '../api/problem.ts'

/** What went wrong, read out at once; nothing where nothing did. */
export function Alert({ problem }: { problem: Problem | undefined }) {
  return (
    <div role="alert">
      {problem ? (
        <p className="alert">
          {problem.message}
          {problem.hint ? ` ${problem.hint}` : ''}
        </p>
      ) : null}
    </div>
  )
}
