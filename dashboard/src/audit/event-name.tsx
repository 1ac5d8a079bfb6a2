import { Fragment } from 'react'

/** The name of an event, which may be broken after a dot or an underscore and nowhere else. */
export function EventName({ name }: { name: string }) {
  const parts = name.split(/(?<=[._])/)
  return (
    <code className="event">
      {parts.map((part) => (
        <Fragment key={part}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </code>
  )
}
