import { describe, expect, it } from 'vitest'
import { asksForPage, isFromPage } from './browser.ts'

const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

describe('agents 139, security 187: who gets a page', () => {
  it.each<[string, Record<string, string>]>([
    ['a browser that navigates', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'user-agent': chrome }],
    ['whoever takes HTML', { accept: 'text/html', 'user-agent': 'curl/8.5.0' }],
    ['whoever takes HTML beside JSON', { accept: 'application/json, text/html' }],
    ['Sec-Fetch-Mode: navigate', { accept: '*/*', 'sec-fetch-mode': 'navigate' }],
    ['any Sec-Fetch header', { accept: 'application/json', 'sec-fetch-dest': 'empty' }],
    ['a script of a page', { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'cross-site' }],
    ['Purpose: prefetch', { accept: '*/*', purpose: 'prefetch' }],
    ['Sec-Purpose: prefetch', { accept: '*/*', 'sec-purpose': 'prefetch;prerender' }],
    ['X-Moz: prefetch', { accept: '*/*', 'x-moz': 'prefetch' }],
    ['a browser by name alone', { accept: '*/*', 'user-agent': chrome }],
    ['a browser without Accept', { 'user-agent': chrome }],
    ['Outlook', { accept: '*/*', 'user-agent': 'Microsoft Office/16.0 (Microsoft Outlook 16.0.17328; Pro)' }],
    ['Barracuda', { 'user-agent': 'BarracudaCentral/1.0' }],
    ['Proofpoint', { accept: '*/*', 'user-agent': 'Proofpoint URL Defense' }],
    ['Slack', { accept: '*/*', 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }],
    ['BingPreview', { accept: '*/*', 'user-agent': 'BingPreview/1.0b' }],
    ['WhatsApp', { accept: '*/*', 'user-agent': 'WhatsApp/2.23.20.0' }],
    [
      'Google',
      { accept: '*/*', 'user-agent': 'Google-PageRenderer Google (+https://developers.google.com/+/web/snippet/)' },
    ],
    ['Matrix', { accept: '*/*', 'user-agent': 'Synapse (bot; +https://github.com/matrix-org/synapse)' }],
    ['Iframely', { accept: '*/*', 'user-agent': 'Iframely/1.3.1 (+https://iframely.com/docs/about)' }],
    ['an image loader', { accept: 'image/avif,image/webp,image/png' }],
  ])('%s', (_who, headers) => {
    expect(asksForPage({ headers })).toBe(true)
    expect(isFromPage({ headers })).toBe(true)
  })

  it.each<[string, Record<string, string>]>([
    ['curl', { accept: '*/*', 'user-agent': 'curl/8.5.0' }],
    ['curl that wants JSON', { accept: 'application/json', 'user-agent': 'curl/8.5.0' }],
    ['nothing at all', {}],
    ['fetch of Node', { accept: '*/*', 'accept-language': '*', 'sec-fetch-mode': 'cors', 'user-agent': 'node' }],
    ['requests of Python', { accept: '*/*', 'user-agent': 'python-requests/2.32.3' }],
    ['axios', { accept: 'application/json, text/plain, */*', 'user-agent': 'axios/1.7.9' }],
    ['Go', { 'user-agent': 'Go-http-client/2.0' }],
    ['PowerShell', { 'user-agent': 'Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041' }],
    ['an agent that calls itself a bot', { accept: '*/*', 'user-agent': 'acme-deploy-bot/1.0' }],
  ])('not %s', (_who, headers) => {
    expect(asksForPage({ headers })).toBe(false)
    expect(isFromPage({ headers })).toBe(false)
  })

  it('a form that says where it comes from is from a page, whoever sends it', () => {
    expect(isFromPage({ headers: { origin: 'null', 'user-agent': 'curl/8.5.0' } })).toBe(true)
  })
})
