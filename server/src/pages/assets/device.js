import { assertion, post, sentence, signIn, signOut, signUp } from './passkeys.js'
import { at, choice, element, narrowed, row, walk } from './steps.js'

const { show, during } = walk(['enter', 'sign-in', 'review', 'waitlist', 'done'], (error) =>
  error.code === 'invalid_user_code' ? ['enter', sentence(error)] : undefined,
)
const kept = 'device.code'

/** What the person typed or the link said; what the server told about it. */
let code = ''
let request = null

const moment = (iso) => new Date(iso).toLocaleString()

function facts({ claim, ...asked }) {
  const rows = [row('Code', asked.user_code)]
  if (claim) {
    rows.push(row('Tenant', claim.tenant_name, true), row('Application', claim.application_name, true))
    rows.push(row('Users', String(claim.users)), row('Made', moment(claim.created_at)))
    if (claim.created_from) rows.push(row('Made from', claim.created_from))
  }
  rows.push(row('Program', asked.agent_name ?? 'gave no name', asked.agent_name !== null))
  if (asked.client_name) rows.push(row('Client', asked.client_name, true))
  rows.push(row('Asked from', asked.ip_address), row('Asked at', moment(asked.requested_at)))
  rows.push(row('Your account', [asked.account.name, asked.account.person].filter(Boolean).join(', ')))
  return rows.flat()
}

function review(asked) {
  request = asked
  const { claim, scopes, choices, applications } = asked
  at('review-title').textContent = claim ? 'Take over this tenant?' : 'Let this program in?'
  at('facts').replaceChildren(...facts(asked))
  at('rights-title').textContent = claim ? 'What changes' : 'It will be able to'
  const rights = claim
    ? [
        'The tenant becomes yours, with its applications and users.',
        'The agent keeps its credentials, with more rights.',
      ]
    : scopes.map(({ about }) => about)
  at('rights').replaceChildren(...rights.map((text) => element('li', text)))
  at('network').hidden = asked.same_network
  at('minutes').textContent = String(Math.max(1, Math.round(asked.expires_in / 60)))
  at('narrow').hidden = claim !== null
  at('scopes').replaceChildren(...choices.map(({ scope, about }) => choice('scope', scope, `${about} (${scope})`)))
  at('applications').replaceChildren(
    ...applications.map(({ id, name }) => choice('application', id, `${name} (${id})`)),
  )
  at('approve').textContent = claim ? 'Take it over' : 'Approve'
  show('review')
}

const look = async () => review(await post('/v1/device/request', { user_code: code }))

/** What the person grants: nothing said means all of it. */
function choices() {
  if (request.claim) return {}
  const [scopes, application_ids] = [narrowed('scope'), narrowed('application')]
  const days = Number(at('expiry').value)
  return {
    ...(scopes ? { scopes } : {}),
    ...(application_ids ? { application_ids } : {}),
    ...(days ? { expires_at: new Date(Date.now() + days * 86_400_000).toISOString() } : {}),
  }
}

async function approve() {
  const chosen = choices()
  if (chosen.scopes?.length === 0 || chosen.application_ids?.length === 0) {
    at('message').textContent = 'Leave at least one right and one application, or deny.'
    return
  }
  const { session_id, challenge } = await post('/v1/device/challenge', { user_code: code })
  const credential = await assertion(challenge)
  const { csrf_token } = request
  await post('/device/approve', { user_code: code, csrf_token, session_id, credential, ...chosen })
  done('Approved', 'The program gets its access when it asks next. You can close this page.')
}

async function deny() {
  await post('/device/deny', { user_code: code, csrf_token: request.csrf_token })
  done('Denied', 'The program gets nothing. You can close this page.')
}

function done(title, text) {
  at('done-title').textContent = title
  at('done-text').textContent = text
  show('done')
}

at('enter-form').addEventListener('submit', (event) => {
  event.preventDefault()
  code = at('code').value
  during(look)
})
at('sign-in-button').addEventListener('click', () =>
  during(async () => {
    await signIn()
    if (code) await look()
    else show('enter')
  }),
)
at('sign-up-button').addEventListener('click', () =>
  during(async () => {
    sessionStorage.setItem(kept, code)
    await signUp(location.pathname)
  }),
)
at('sign-out').addEventListener('click', () =>
  during(async () => {
    await signOut()
    show('sign-in')
  }),
)
at('approve').addEventListener('click', () => during(approve))
at('deny').addEventListener('click', () => during(deny))

// The link's code, or the one that was there before the sign-up; neither stays in the address bar or the history.
code = new URLSearchParams(location.search).get('code') ?? sessionStorage.getItem(kept) ?? ''
sessionStorage.removeItem(kept)
history.replaceState(null, '', location.pathname)
at('code').value = code
if (code) during(look)
else show('enter')
