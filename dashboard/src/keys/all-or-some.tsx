import { useState } from 'react'

type Option = { value: string; label: string; about: string }
type Props = {
  legend: string
  name: string
  all: string
  some: string
  member: string
  options: readonly Option[]
  problem: string | undefined
}

/** Everything, or a choice of it: the check boxes are there once they are asked for. */
export function AllOrSome({ legend, name, all, some, member, options, problem }: Props) {
  const [isSome, setSome] = useState(false)
  return (
    <fieldset>
      <legend>{legend}</legend>
      <label className="check">
        <input type="radio" name={name} value="all" checked={!isSome} onChange={() => setSome(false)} />
        {all}
      </label>
      <label className="check">
        <input type="radio" name={name} value="some" checked={isSome} onChange={() => setSome(true)} />
        {some}
      </label>
      {isSome ? (
        <div className="options">
          {options.map(({ value, label, about }) => (
            <label key={value} className="check">
              <input type="checkbox" name={member} value={value} />
              <span>
                {label} {about ? <span className="quiet">{about}</span> : null}
              </span>
            </label>
          ))}
        </div>
      ) : null}
      <p className="problem" aria-live="polite">
        {problem}
      </p>
    </fieldset>
  )
}
