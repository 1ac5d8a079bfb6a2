import { html, type Markup } from './html.ts'

export type PageFacts = {
  /** Path of `PUBLIC_URL`, which every address on the page begins with. */
  base: string
  /** Stands in the title bar, before the product's name. */
  title: string
  /** What stands in `<main>`. */
  body: Markup
  /** Name of a module in `pages/assets`, without `.js`. */
  script?: string
  /** What the module reads of the server, as `<meta>` elements. Nothing secret. */
  facts?: Readonly<Record<string, string>>
}

/**
 * The whole document of a page: no inline script and no inline style, so that `pageHeaders` may forbid both. What comes
 * from outside is put into `body` with `html`, which escapes it.
 */
export function page({ base, title, body, script, facts = {} }: PageFacts): string {
  const metas = Object.entries(facts).map(([name, content]) => html`<meta name="${name}" content="${content}">\n`)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${metas}<link rel="icon" href="data:,">
<link rel="stylesheet" href="${base}/assets/page.css">
<title>${title} · TryMellon</title>
</head>
<body>
<main>
${body}
</main>
${script ? html`<script type="module" src="${base}/assets/${script}.js"></script>\n` : null}</body>
</html>
`.text
}

/** Headers of every page (agents.md §4.3, security 227). */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
}
