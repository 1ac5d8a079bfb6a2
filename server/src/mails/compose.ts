const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as it may stand between tags and in quoted attributes. */
export const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '')

/** What somebody unknown called themselves or their program. */
export type Foreign = { foreign: string }
export const foreign = (text: string): Foreign => ({ foreign: text })

/** One line or paragraph: sentences of ours, with foreign text in between. */
export type Line = readonly (string | Foreign)[]

export type Part =
  | { line: Line }
  /** Facts, one a line. */
  | { facts: readonly (readonly [name: string, value: string | Foreign])[] }
  /** To be copied, never a link. */
  | { code: string }
  /** The one thing to click on; the address stands in the text part as it is. */
  | { link: string; label: string }

/** What a template makes: all of a mail but whom it is for. */
export type Letter = { subject: string; text: string; html: string }

/**
 * Foreign text as a mail shows it (security 192). Mail programs make links of whatever looks like one, in plain text too:
 * `https://evil.example` becomes `https[:]//evil[.]example`, so that it still can be read and no longer be clicked.
 */
export const disarmed = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .replace(/:(?=\S)/g, '[:]')
    .replace(/(?<=[\p{L}\p{N}_-])[.\u3002\uff0e\uff61](?=\p{L})/gu, '[.]')
    .replace(/@/g, '[at]')

const plain = (part: string | Foreign): string => (typeof part === 'string' ? part : disarmed(part.foreign))
const markup = (part: string | Foreign): string => escapeText(plain(part))

function textOf(part: Part): string {
  if ('line' in part) return part.line.map(plain).join('')
  if ('facts' in part) return part.facts.map(([name, value]) => `${name}: ${plain(value)}`).join('\n')
  return 'code' in part ? `    ${part.code}` : `${part.label}:\n${part.link}`
}

const cell = 'padding:2px 12px 2px 0;vertical-align:top'
const button = 'display:inline-block;padding:10px 18px;background:#1f5f3f;color:#ffffff;border-radius:6px'
const pre = 'padding:12px;background:#f2f2f2;color:#111111;white-space:pre-wrap;word-break:break-all'

function htmlOf(part: Part): string {
  if ('line' in part) return `<p>${part.line.map(markup).join('')}</p>`
  if ('code' in part) return `<pre style="${pre}">${escapeText(part.code)}</pre>`
  if ('link' in part) {
    return `<p><a href="${escapeText(part.link)}" style="${button}">${escapeText(part.label)}</a></p>`
  }
  const rows = part.facts.map(
    ([name, value]) =>
      `<tr><td style="${cell}">${escapeText(name)}</td><td style="${cell}"><strong>${markup(value)}</strong></td></tr>`,
  )
  return `<table>${rows.join('')}</table>`
}

/**
 * A mail in both forms from one list of parts. Nothing is fetched from anywhere, and there is no link but of a `link` part.
 * @param subject a sentence of ours, without foreign text
 */
export function compose(subject: string, parts: readonly Part[]): Letter {
  return {
    subject,
    text: `${parts.map(textOf).join('\n\n')}\n`,
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeText(subject)}</title></head>
<body style="font-family:system-ui,sans-serif;line-height:1.5;max-width:36rem;margin:0 auto;padding:24px">
${parts.map(htmlOf).join('\n')}
</body></html>
`,
  }
}

/** A moment as a mail writes it: UTC, to the minute. */
export const moment = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
