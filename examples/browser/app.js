import { TryMellon } from './sdk/index.js'

const { publishableKey, apiBaseUrl } = await (await fetch('./config.json')).json()
const created = TryMellon.create({ publishableKey, apiBaseUrl })
if (!created.ok) throw created.error
const mellon = created.value

const $ = (id) => document.getElementById(id)
const kept = 'trymellon_example_session'
let waiting = new AbortController()

function say(text, kind = '') {
  $('message').textContent = text
  $('message').className = kind
}

const sentences = {
  USER_CANCELLED: 'Cancelled, or this device has no passkey for that.',
  PASSKEY_EXISTS: 'This device already has a passkey for that user: sign in.',
  PASSKEY_NOT_FOUND: 'No passkey is known for that.',
  REGISTRATION_NOT_ALLOWED: 'That user exists: sign in, then add a passkey.',
  NOT_SUPPORTED: 'This browser cannot use passkeys here.',
}
const explain = (error) => say(sentences[error.code] ?? `${error.code}: ${error.message}`, 'bad')

const line = (passkey, token) => {
  const item = document.createElement('li')
  const name = document.createElement('span')
  name.textContent = passkey.alias ?? `Made on ${new Date(passkey.createdAt).toLocaleDateString()}`
  const remove = document.createElement('button')
  remove.textContent = 'Remove'
  remove.className = 'link'
  remove.addEventListener('click', async () => {
    const removed = await mellon.passkeys.remove({ sessionToken: token, credentialId: passkey.credentialId })
    if (!removed.ok) return explain(removed.error)
    say('Removed.')
    await show(token)
  })
  item.append(name, remove)
  return item
}

/** Shows the signed-in view if the token is good, else the form. */
async function show(token) {
  const session = token ? await mellon.session.verify(token) : null
  if (!session?.ok) {
    sessionStorage.removeItem(kept)
    $('inside').hidden = true
    $('entry').hidden = false
    return offerAutofill()
  }
  sessionStorage.setItem(kept, token)
  $('entry').hidden = true
  $('inside').hidden = false
  $('who').textContent = `Welcome, ${session.value.externalUserId || 'friend'}`
  $('session').textContent = `Signed in until ${new Date(session.value.expiresAt).toLocaleString()}`
  const passkeys = await mellon.passkeys.list({ sessionToken: token })
  if (!passkeys.ok) return explain(passkeys.error)
  $('passkeys').replaceChildren(...passkeys.value.map((passkey) => line(passkey, token)))
}

async function enter(result) {
  if (!result.ok) {
    explain(result.error)
    return offerAutofill()
  }
  say('Friend.', 'good')
  await show(result.value.sessionToken)
}

/** Offers passkeys in the name field's autofill, until another ceremony starts. */
async function offerAutofill() {
  const { conditionalUi } = await mellon.capabilities()
  if (!conditionalUi || !new URLSearchParams(location.search).has('autofill')) return
  waiting = new AbortController()
  const result = await mellon.signIn({ mediation: 'conditional', signal: waiting.signal })
  if (result.ok) await enter(result)
}

$('entry').addEventListener('submit', async (event) => {
  event.preventDefault()
  waiting.abort()
  const externalUserId = $('name').value.trim() || undefined
  say('Waiting for your device…')
  await enter(
    event.submitter?.value === 'sign-in'
      ? await mellon.signIn({ externalUserId })
      : await mellon.signUp({ externalUserId, displayName: externalUserId }),
  )
})

$('add').addEventListener('click', async () => {
  const token = sessionStorage.getItem(kept)
  const added = await mellon.passkeys.add({ sessionToken: token })
  if (!added.ok) return explain(added.error)
  say('Added.', 'good')
  await show(token)
})

$('sign-out').addEventListener('click', async () => {
  const done = await mellon.session.logout(sessionStorage.getItem(kept))
  if (!done.ok) explain(done.error)
  else say('Signed out.')
  await show(null)
})

$('application').textContent = publishableKey
await show(sessionStorage.getItem(kept))
