import { limitTable } from './limits.ts'
import type { LimitRow } from './platform/limits.ts'

const window = (seconds: number): string => {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`
}

const limitRows = Object.entries<LimitRow>(limitTable).map(
  ([name, { about, key, points, seconds }]) =>
    `| \`${name}\` | ${about} | ${key.replace('+', ' and ')} | ${points} in ${window(seconds)} |`,
)

/** The first page of the reference, in Markdown: what is true of every operation. */
export const introduction = `
TryMellon signs people in with passkeys and gives agents credentials of their own.

## Credentials

| Who calls | Sends |
|---|---|
| a backend or agent | \`Authorization: Bearer <access token>\` from \`POST /oauth/token\`, or \`Basic\` with client id and secret |
| a browser | \`Authorization: Bearer cli_…\`, the publishable key, from an origin on the application's list |
| a signed-in end user | \`Authorization: Bearer <session token>\` |

Nothing yet? \`POST /v1/onboarding/ai\` with a name gives client credentials at once.

## Answers

Operations under \`/v1\` answer \`{"ok": true, "data": …}\`, or \`{"ok": false, "error": {"code", "message"}}\`. Codes are stable,
messages are for people. \`/oauth/*\` answers as RFC 6749 says; \`/v1/onboarding/ai\` and documents answer without an envelope.
Times are RFC 3339 in UTC; durations are whole seconds. Unknown body members and query parameters are refused.

## Lists

\`limit\` (1 to 100) and \`starting_after\`; the page has \`data\`, \`has_more\` and \`next_cursor\`. A user's passkeys come in
numbered pages instead.

## Repeating safely

Send \`Idempotency-Key\` with a change, and a repetition within 24 hours gets the first answer instead of a second change.

## Limits

\`RateLimit-Policy\` and \`RateLimit\` tell the tightest limit of the call. 429 and 503 carry \`Retry-After\` in seconds.
Windows begin at the first call and are shared by all instances. When the counters cannot be reached, reads go on, and
changes and checks of secrets answer 503. Operations name their rows:

| Row | What for | Counted by | Calls |
|---|---|---|---|
${limitRows.join('\n')}
`.trim()
