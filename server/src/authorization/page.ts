import type { Config } from '../config.ts'
import { CONSOLE_CLIENT_ID } from '../console/console.ts'
import { html, type Markup } from '../pages/html.ts'
import { page } from '../pages/page.ts'

const signIn = html`<section id="sign-in" hidden>
<h1 tabindex="-1">Sign in</h1>
<p>A program asks for something of yours. Sign in to see who asks and for what.</p>
<p><button type="button" id="sign-in-button">Sign in with a passkey</button></p>
<p>No account yet? <button type="button" id="sign-up-button" class="plain">Create one</button></p>
</section>`

const review = html`<section id="review" hidden>
<h1 tabindex="-1">Let this program in?</h1>
<dl id="facts"></dl>
<p id="loopback" class="warning" hidden><strong>Any program on your computer can pose as this one.</strong> Allow only if you started it yourself, just now.</p>
<h2>It will be able to</h2>
<ul id="rights"></ul>
<details id="narrow">
<summary>Give it less</summary>
<fieldset><legend>Rights</legend><div id="scopes"></div></fieldset>
<fieldset><legend>Applications</legend><div id="applications"></div></fieldset>
</details>
<p class="note">Allowing asks for your passkey once more.</p>
<p class="decision"><button type="button" id="deny">Deny</button><button type="button" id="allow">Allow</button></p>
<p><button type="button" id="sign-out" class="plain">Sign in as somebody else</button></p>
</section>`

const waitlist = html`<section id="waitlist" hidden>
<h1 tabindex="-1">You're on the Waitlist</h1>
<p>Your account has not been admitted yet, so it cannot let programs in. A mail will tell you when it is.</p>
</section>`

const message = html`<p id="message" role="alert"></p>
<noscript><p class="warning">This page needs JavaScript, since passkeys do.</p></noscript>`

/** The consent page: the same for everybody; its script asks for what stands in the address, with the person's session. */
export const consentPage = ({ BASE_PATH: base }: Pick<Config, 'BASE_PATH'>): string =>
  page({
    base,
    title: 'Let a program in',
    body: html`${[signIn, review, waitlist, message] satisfies Markup[]}`,
    script: 'authorize',
    facts: { 'publishable-key': CONSOLE_CLIENT_ID },
  })

/** Said to the person, where nobody may be redirected (RFC 6749 §4.1.2.1). */
export const refusalPage = ({ BASE_PATH: base }: Pick<Config, 'BASE_PATH'>, sentence: string): string =>
  page({
    base,
    title: 'This did not work',
    body: html`<h1>This did not work</h1>
<p>${sentence}</p>
<p>Nothing was granted. Go back to the program, and start again from there.</p>`,
  })
