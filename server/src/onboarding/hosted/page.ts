import type { Config } from '../../config.ts'
import { html } from '../../pages/html.ts'
import { page } from '../../pages/page.ts'

const body = html`<section id="form" hidden>
<h1 tabindex="-1">Sign up</h1>
<p><strong id="application"></strong> lets you sign in with a passkey: there is no password. It will work on <strong id="site"></strong>.</p>
<form id="sign-up">
<p><label for="display-name">Your name</label>
<input id="display-name" data-focus name="display_name" type="text" required maxlength="100" autocomplete="name"></p>
<p><label for="email">E-mail (optional)</label>
<input id="email" name="email" type="email" maxlength="254" autocomplete="email"></p>
<button type="submit">Create a passkey</button>
</form>
</section>
<section id="done" hidden>
<h1 tabindex="-1">You are signed up</h1>
<p>From now on your passkey signs you in. <a id="back" hidden>Go on</a></p>
</section>
<section id="over" hidden>
<h1 tabindex="-1">This sign-up is over</h1>
<p>It has expired, or it goes on in another browser. <a id="again" hidden>Start again</a></p>
</section>
<p id="message" role="alert"></p>
<noscript><p class="warning">This page needs JavaScript, since passkeys do.</p></noscript>`

/** The hosted page of an end user (http-api.md §3.19); the same markup for every application. */
export const onboardingPage = ({ BASE_PATH: base }: Pick<Config, 'BASE_PATH'>) =>
  ({
    path: '/onboarding/:id',
    render: (): string => page({ base, title: 'Sign up', body, script: 'onboarding' }),
  }) as const
