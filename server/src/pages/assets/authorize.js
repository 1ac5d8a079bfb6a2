import { assertion, post, signIn, signOut, signUp } from './passkeys.js'
import { at, choice, element, narrowed, row, walk } from './steps.js'

const { show, during } = walk(['sign-in', 'review', 'waitlist'])
const path = (step) => `/v1/oauth/authorization/${step}`

/** What a request is made of. Whatever else a client sends is ignored, and an empty parameter is none (RFC 6749 §3.1). */
const parameters = [
  'response_type',
  'client_id',
  'redirect_uri',
  'code_challenge',
  'code_challenge_method',
  'state',
  'scope',
  'resource',
  'prompt',
]

/** The request as it stands in the address; the server judges it anew at every step. */
const sent = new URLSearchParams(location.search)
const asked = Object.fromEntries(parameters.map((name) => [name, sent.get(name)]).filter(([, value]) => value))
let request = null

function facts({ client_name, client_host, redirect_host, resource, account }) {
  return [
    ...row('Program', client_name ?? 'gave no name', client_name !== null),
    ...(client_host ? row('Described at', client_host) : []),
    ...row('Sends you back to', redirect_host),
    ...row('For', resource),
    ...row('Your account', [account.name, account.person].filter(Boolean).join(', ')),
  ]
}

async function look() {
  request = await post(path('request'), asked)
  const { scopes, applications, loopback_only } = request
  at('facts').replaceChildren(...facts(request))
  at('loopback').hidden = !loopback_only
  at('rights').replaceChildren(...scopes.map(({ about }) => element('li', about)))
  at('scopes').replaceChildren(...scopes.map(({ scope, about }) => choice('scope', scope, `${about} (${scope})`)))
  at('applications').replaceChildren(
    ...applications.map(({ id, name }) => choice('application', id, `${name} (${id})`)),
  )
  show('review')
}

async function allow() {
  const [scopes, application_ids] = [narrowed('scope'), narrowed('application')]
  if (scopes?.length === 0 || application_ids?.length === 0) {
    at('message').textContent = 'Leave at least one right and one application, or deny.'
    return
  }
  const { session_id, challenge } = await post(path('challenge'), asked)
  const credential = await assertion(challenge)
  const choices = { ...(scopes ? { scopes } : {}), ...(application_ids ? { application_ids } : {}) }
  const proof = { csrf_token: request.csrf_token, session_id, credential }
  const { redirect_to } = await post(path('allow'), { ...asked, ...proof, ...choices })
  location.assign(redirect_to)
}

async function deny() {
  const { redirect_to } = await post(path('deny'), { ...asked, csrf_token: request.csrf_token })
  location.assign(redirect_to)
}

at('sign-in-button').addEventListener('click', () =>
  during(async () => {
    await signIn()
    await look()
  }),
)
at('sign-up-button').addEventListener('click', () => during(() => signUp(location.pathname + location.search)))
at('sign-out').addEventListener('click', () =>
  during(async () => {
    await signOut()
    show('sign-in')
  }),
)
at('allow').addEventListener('click', () => during(allow))
at('deny').addEventListener('click', () => during(deny))

if (asked.prompt === 'login') show('sign-in')
else during(look)
