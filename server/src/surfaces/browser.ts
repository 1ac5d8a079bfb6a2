import type { FastifyRequest } from 'fastify'

/** Browsers call themselves Mozilla; PowerShell does too, and is none. */
const browser = /^Mozilla\/|\b(?:Chrome|Firefox|Safari|Opera|Edg|MSIE|Trident)\//i
const shell = /PowerShell\//i

/** Programs that follow the links of mails and messages before, or instead of, a person (security 187). */
const scanner =
  /barracuda|proofpoint|urldefense|mimecast|safelinks|microsoft office|ms-office|outlook|skypeuripreview|bingpreview|bingbot|google(?:bot|other|imageproxy|-safety|-read-aloud|-page ?renderer|-inspectiontool|docs)|apis-google|iframely|embedly|synapse|mastodon|redditbot|zoombot|viber|yandex|feedfetcher|yahoomailproxy|slurp|slack(?:bot|-imgproxy)|discordbot|telegrambot|whatsapp|facebookexternalhit|facebot|twitterbot|linkedinbot|mattermost|applebot|pingdom|symantec|messagelabs|trend ?micro|fireeye|trellix|mcafee|sophos|forcepoint|websense|ironport|cloudmark|zscaler|fortinet|fortimail|palo ?alto|avanan|hornetsecurity|spamassassin|virustotal|urlscan|phish|linkpreview|link ?check|preview|crawler|spider/i

const has = (value: string | string[] | undefined, pattern: RegExp): boolean => pattern.test(String(value ?? ''))

/**
 * Browsers say where a request is going and from what (`Sec-Fetch-Dest`, `Sec-Fetch-Site`); the `fetch` of Node sends the mode
 * `cors` alone, and an agent that runs there is no browser.
 */
function isBrowsersFetch(headers: FastifyRequest['headers']): boolean {
  const names = Object.keys(headers).filter((name) => name.startsWith('sec-fetch-'))
  return names.length > 1 || (names.length === 1 && headers['sec-fetch-mode'] !== 'cors')
}

/**
 * Whether a GET comes from a person's browser, from what fetches pages in advance for one, or from a known scanner of links
 * (agents.md §5.3). No sign of a program is one too: an `Accept` that wants neither JSON nor just anything.
 */
export function asksForPage({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  const accept = headers.accept
  if (accept !== undefined && !/application\/(?:json|\*)|\*\/\*/i.test(accept)) return true
  if (has(accept, /text\/html/i)) return true
  if (isBrowsersFetch(headers)) return true
  if (has(headers.purpose, /prefetch/i) || has(headers['sec-purpose'], /prefetch/i)) return true
  if (has(headers['x-moz'], /prefetch/i)) return true
  const agent = headers['user-agent'] ?? ''
  return scanner.test(agent) || (browser.test(agent) && !shell.test(agent))
}

/** Whether a POST is one that a browser sends for a page: those always say where they come from (Fetch §3.2). */
export const isFromPage = (request: Pick<FastifyRequest, 'headers'>): boolean =>
  request.headers.origin !== undefined || asksForPage(request)
