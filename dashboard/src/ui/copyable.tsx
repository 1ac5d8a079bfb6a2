import { useState } from 'react'

/** A value to take away, with a button that copies it and says so. */
export function Copyable({ label, value }: { label: string; value: string }) {
  const [said, setSaid] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value)
      setSaid('Copied.')
    } catch {
      setSaid('Your browser did not allow copying: select the text instead.')
    }
  }
  return (
    <div className="copyable">
      <p className="label">{label}</p>
      <pre>{value}</pre>
      <button type="button" className="second" aria-label={`Copy: ${label}`} onClick={() => void copy()}>
        Copy
      </button>
      <span role="status">{said}</span>
    </div>
  )
}
