import type { Problem } from '../api/problem.ts'
import { Field } from '../ui/field.tsx'

type Props = {
  origins: readonly string[]
  onChange: (origins: readonly string[]) => void
  problem: Problem | undefined
}

/** One field for each origin: what the server says about one stands beside it. Empty ones are not sent. */
export function OriginFields({ origins, onChange, problem }: Props) {
  const replace = (at: number, value: string) => onChange(origins.map((origin, i) => (i === at ? value : origin)))
  // The server counts those that were sent.
  const sentBefore = (at: number) => origins.slice(0, at).filter((origin) => origin.trim() !== '').length
  const saidOf = (at: number) => {
    const about = problem?.fields[`allowed_origins.${sentBefore(at)}`]
    return origins[at]?.trim() ? about : undefined
  }
  return (
    <fieldset aria-describedby="origins-hint">
      <legend>Allowed origins</legend>
      <p id="origins-hint" className="hint">
        Sites that may use passkeys with this application: scheme, host and port, such as https://app.example.com
      </p>
      <p className="problem" aria-live="polite">
        {problem?.fields.allowed_origins}
      </p>
      {origins.map((origin, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a field has no name but its place
        <div key={at} className="with-button">
          <Field
            label={`Origin ${at + 1}`}
            value={origin}
            onChange={(event) => replace(at, event.target.value)}
            problem={saidOf(at)}
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
          />
          <button
            type="button"
            className="second"
            aria-label={`Remove origin ${at + 1}`}
            onClick={() => onChange(origins.filter((_, i) => i !== at))}
          >
            Remove
          </button>
        </div>
      ))}
      <button type="button" className="second" onClick={() => onChange([...origins, ''])}>
        Add an origin
      </button>
    </fieldset>
  )
}
