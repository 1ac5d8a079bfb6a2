import { eventNames, events } from './events.ts'

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' ') || '–'

/** The table of events in Markdown, for the reference: what may be filtered by, and what `metadata` holds. */
export const eventTable: string = [
  row(['Event', 'Category', '`success`', 'Written when', '`metadata`']),
  row(['---', '---', '---', '---', '---']),
  ...eventNames.map((name) => {
    const { category, success, when, metadata } = events[name]
    return row([code([name]), category, String(success), when, code(metadata)])
  }),
].join('\n')
