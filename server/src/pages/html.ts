/** Markup that may stand in a page as it is; everything else is escaped on its way in. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as it may stand between tags and in quoted attributes (security 227). */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '')

export type Interpolated = string | number | Markup | readonly Markup[] | null | undefined | false

function inserted(value: Interpolated): string {
  if (value instanceof Markup) return value.text
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value))
  return value ? value.map((part) => part.text).join('') : ''
}

/** Markup from a template: what is inserted is text, escaped, unless it is markup itself; null and false are nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Interpolated[]): Markup {
  return new Markup(strings.map((part, i) => part + (i < values.length ? inserted(values[i]) : '')).join(''))
}
