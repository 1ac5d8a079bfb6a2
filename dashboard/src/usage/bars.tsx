import { useId } from 'react'
import { niceCeiling } from './scale.ts'

type Bar = { name: string; value: number }

const size = { width: 360, height: 200, left: 48, bottom: 28, top: 12 }
const plot = { width: size.width - size.left, height: size.height - size.bottom - size.top }

/** A bar for each value over a scale from zero. The table below says the same to those who do not see it. */
export function Bars({ title, bars }: { title: string; bars: readonly Bar[] }) {
  const id = useId()
  const top = niceCeiling(Math.max(0, ...bars.map(({ value }) => value)))
  const step = plot.width / Math.max(1, bars.length)
  const yOf = (value: number) => size.top + plot.height * (1 - value / top)
  const said = bars.map(({ name, value }) => `${name}: ${value.toLocaleString()}`).join('; ')
  return (
    <figure>
      <figcaption id={id}>{title}</figcaption>
      <svg viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-labelledby={`${id} ${id}-said`}>
        <title id={`${id}-said`}>{said}</title>
        {[0, top / 2, top].map((value) => (
          <g key={value}>
            <line className="grid" x1={size.left} x2={size.width} y1={yOf(value)} y2={yOf(value)} />
            <text x={size.left - 6} y={yOf(value) + 4} textAnchor="end">
              {value.toLocaleString()}
            </text>
          </g>
        ))}
        {bars.map(({ name, value }, i) => (
          <g key={name}>
            <rect
              className="bar"
              x={size.left + step * i + step * 0.15}
              y={yOf(value)}
              width={step * 0.7}
              height={size.top + plot.height - yOf(value)}
            />
            <text x={size.left + step * (i + 0.5)} y={size.height - 8} textAnchor="middle">
              {name}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  )
}
