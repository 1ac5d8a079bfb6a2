import { base, call, creation, post } from './passkeys.js'
import { at, walk } from './steps.js'

const id = location.pathname.split('/').at(-1)
const path = (step) => `/v1/onboarding/${encodeURIComponent(id)}/${step}`

const { show, during } = walk(['form', 'done', 'over'], ({ code }) =>
  code === 'onboarding_not_found' || code === 'invalid_state' ? ['over'] : undefined,
)

/** A place that the server named; there is none without one. */
function lead(link, url) {
  link.hidden = url === undefined
  if (url !== undefined) link.href = url
}

function fill({ name, site }, { display_name = '', email = '' }) {
  at('application').textContent = name
  at('site').textContent = site
  at('display-name').value = display_name
  at('email').value = email
  show('form')
}

async function begin() {
  const { status, user_role, application, prefill, refresh_url } = await call('GET', path('page'))
  if (user_role === 'maintainer') return location.replace(`${base}/dashboard/sign-up/${encodeURIComponent(id)}`)
  lead(at('again'), refresh_url)
  if (status === 'completed') show('done')
  else if (application) fill(application, prefill)
  else show('over')
}

/** The passkey is stored: what is left needs no further prompt. */
let isRegistered = false

async function register() {
  const [name, email] = [at('display-name').value.trim(), at('email').value.trim()]
  try {
    const { ceremony_id, challenge } = await post(path('data'), { display_name: name, ...(email ? { email } : {}) })
    await post(path('register-passkey'), { ceremony_id, credential: await creation(challenge) })
  } catch (error) {
    // Reloaded after the passkey was stored: the user may not be given another one in this way.
    if (error.code !== 'registration_not_allowed') throw error
  }
  isRegistered = true
}

async function signUp() {
  if (!isRegistered) await register()
  // The token is for whoever stays on this page; it goes into no address.
  const { return_url } = await post(path('complete'), {})
  lead(at('back'), return_url)
  show('done')
  if (return_url !== undefined) location.assign(return_url)
}

at('sign-up').addEventListener('submit', (event) => {
  event.preventDefault()
  during(signUp)
})

during(begin)
