import type { Config } from '../config.ts'
import { html, type Markup } from '../pages/html.ts'
import { page, pageHeaders } from '../pages/page.ts'
import type { BrowserPage } from '../platform/browser-page.ts'
import type { ApiError } from '../platform/errors.ts'
import { hasValidChecksum } from '../platform/secrets.ts'
import type { verifyRegistration } from './verification.ts'

type Verified = Awaited<ReturnType<typeof verifyRegistration>>

const secretField = html`<p><label for="registration_secret">Registration secret, which the program got when it asked</label>
<input id="registration_secret" name="registration_secret" type="password" required maxlength="255" autocomplete="off"></p>
`

type FormFacts = { base: string; csrf: string; token: string | null; isStrict: boolean }

/** One button. The token is in the form, or typed in, or put there by the module of the page that a mail leads to. */
function form({ base, csrf, token, isStrict }: FormFacts): Markup {
  const field =
    token === null
      ? html`<p><label for="token">Token from the mail</label>
<input id="token" name="token" required maxlength="255" autocomplete="off" spellcheck="false"></p>
`
      : html`<input type="hidden" name="token" value="${token}">
`
  return html`<h1>Register an agent</h1>
<p>Did you, or a program of yours, just ask for this? If you go on, a secret key is made that can do everything in your account. If there is no account for your e-mail address yet, one is made.</p>
<p>If you did not ask for it, close this page: nothing will happen.</p>
<form method="post" action="${base}/api/agents/verify">
<input type="hidden" name="csrf" value="${csrf}">
${field}${isStrict && secretField}<button type="submit">Make the secret key</button>
</form>`
}

const block = (title: string, text: string): Markup => html`<h2>${title}</h2>
<pre><code>${text}</code></pre>
`

/** The variants that keep the key out of files and of the shell's history come first (agents.md §7). */
function success({ secret_key, setup }: Verified): Markup {
  return html`<h1>Your secret key</h1>
<p>It is shown this once. Store it now, where only your agent can read it.</p>
<pre><code>${secret_key}</code></pre>
${block('Shell', setup.env_var)}${block('Claude Code', setup.claude_code_env)}${block('Codex CLI', setup.codex_cli_env)}${block('Gemini CLI', setup.gemini_cli_env)}<details>
<summary>With the key in the command</summary>
${block('Claude Code', setup.claude_code)}${block('Codex CLI', setup.codex_cli)}${block('Gemini CLI', setup.gemini_cli)}</details>`
}

const failure = (error: ApiError): Markup => html`<h1>There is no key</h1>
<p>${error.message}</p>
${
  error.hint !== undefined &&
  html`<p>${error.hint}</p>
`
}`

/** What a browser gets at `/api/agents/verify` (agents.md §5.3): the token is used by the button alone. */
export const registrationPage: BrowserPage = {
  headers: pageHeaders,
  form({ config }, { token = '' }, csrf) {
    // What is none can be typed in again; it is not shown, so that nobody can put words on this page.
    const known = hasValidChecksum(token, 'emt') ? token : null
    const base = config.BASE_PATH
    return page({
      base,
      title: 'Register an agent',
      body: form({ base, csrf, token: known, isStrict: config.EMAIL_VERIFY_STRICT }),
    })
  },
  done({ config: { BASE_PATH: base } }, outcome) {
    if ('error' in outcome) return page({ base, title: 'There is no key', body: failure(outcome.error) })
    return page({ base, title: 'Your secret key', body: success(outcome.data as Verified) })
  },
}

/**
 * Where the link of the mail leads (agents.md §5.2): the token stands behind `#`, which no browser sends, and the page's
 * module moves it into the form. Without scripts it can be typed in.
 */
export const confirmPage = ({
  BASE_PATH: base,
  EMAIL_VERIFY_STRICT: isStrict,
}: Pick<Config, 'BASE_PATH' | 'EMAIL_VERIFY_STRICT'>) => ({
  path: '/agents/confirm' as const,
  hasForm: true as const,
  render: (csrf: string) =>
    page({
      base,
      title: 'Register an agent',
      body: form({ base, csrf, token: null, isStrict }),
      script: 'agent-confirm',
    }),
})
