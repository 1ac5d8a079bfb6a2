import type { Config } from '../config.ts'
import { CONSOLE_CLIENT_ID } from '../console/console.ts'
import { html, type Markup } from '../pages/html.ts'
import { page } from '../pages/page.ts'

const facts = { 'publishable-key': CONSOLE_CLIENT_ID }
const message = html`<p id="message" role="alert"></p>
<noscript><p class="warning">This page needs JavaScript, since passkeys do.</p></noscript>`

const enter = html`<section id="enter" hidden>
<h1 tabindex="-1">Connect a program</h1>
<form id="enter-form">
<p><label for="code">The code that the program shows</label>
<input id="code" data-focus class="code" name="code" required maxlength="20" placeholder="XXXX-XXXX" autocomplete="off" autocapitalize="characters" spellcheck="false" aria-describedby="code-note"></p>
<p id="code-note" class="note">Eight letters. There is no O, no I and no digit in it.</p>
<button type="submit">Go on</button>
</form>
</section>`

const signIn = html`<section id="sign-in" hidden>
<h1 tabindex="-1">Sign in</h1>
<p>A program asks for something of yours. Sign in to see who asks and for what.</p>
<p><button type="button" id="sign-in-button">Sign in with a passkey</button></p>
<p>No account yet? <button type="button" id="sign-up-button" class="plain">Create one</button></p>
</section>`

const review = html`<section id="review" hidden>
<h1 id="review-title" tabindex="-1">Let this program in?</h1>
<p class="warning"><strong>Did you start this yourself, just now?</strong> If somebody sent you this code or this link, deny. Nobody has verified what the program says about itself.</p>
<dl id="facts"></dl>
<h2 id="rights-title">It will be able to</h2>
<ul id="rights"></ul>
<p id="network" class="warning">The request came from another network than the one you are on. You have <span id="minutes">5</span> minutes to decide here.</p>
<details id="narrow">
<summary>Give it less</summary>
<fieldset><legend>Rights</legend><div id="scopes"></div></fieldset>
<fieldset><legend>Applications</legend><div id="applications"></div></fieldset>
<p><label for="expiry">Its key ends</label>
<select id="expiry"><option value="">never, until it is revoked</option><option value="1">after a day</option><option value="30">after 30 days</option><option value="90">after 90 days</option><option value="365">after a year</option></select></p>
</details>
<p class="note">Approving asks for your passkey once more.</p>
<p class="decision"><button type="button" id="deny">Deny</button><button type="button" id="approve">Approve</button></p>
<p><button type="button" id="sign-out" class="plain">Sign in as somebody else</button></p>
</section>`

const waitlist = html`<section id="waitlist" hidden>
<h1 tabindex="-1">You're on the Waitlist</h1>
<p>Your account has not been admitted yet, so it cannot let programs in. A mail will tell you when it is.</p>
</section>`

const done = html`<section id="done" hidden>
<h1 id="done-title" tabindex="-1">Done</h1>
<p id="done-text"></p>
</section>`

const devicePage = (base: string): string =>
  page({
    base,
    title: 'Connect a program',
    body: html`${[enter, signIn, review, waitlist, done, message] satisfies Markup[]}`,
    script: 'device',
    facts,
  })

const claimPage = (base: string): string =>
  page({
    base,
    title: 'Take over a tenant',
    body: html`<h1>Take over a tenant</h1>
<p>One moment: the link is being looked at.</p>
${message}`,
    script: 'claim',
    facts,
  })

const revokePage = (base: string): string =>
  page({
    base,
    title: 'Revoke a program',
    body: html`<h1>Revoke a program</h1>
<p>The program that you let in loses its key, its tokens and everything else it got, at once and for good.</p>
<p><button type="button" id="revoke">Revoke it</button></p>
<p id="outcome" role="status"></p>
${message}`,
    script: 'revoke',
    facts,
  })

/** The pages of a person who lets a program in, or not (agents.md §4.3, §3.2). They are the same for everybody. */
export const devicePages = ({ BASE_PATH: base }: Pick<Config, 'BASE_PATH'>) =>
  [
    { path: '/device', render: () => devicePage(base) },
    { path: '/claim', render: () => claimPage(base) },
    { path: '/agents/revoke', render: () => revokePage(base) },
  ] as const
