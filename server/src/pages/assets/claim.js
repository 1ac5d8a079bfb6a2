import { base, post, sentence } from './passkeys.js'

// The token stands behind `#`, which no browser sends; it leaves the address bar before anything else happens.
const token = location.hash.slice(1)
history.replaceState(null, '', location.pathname)

async function begin() {
  const { user_code } = await post('/device/code', { claim_token: token })
  sessionStorage.setItem('device.code', user_code)
  location.replace(`${base}/device`)
}

begin().catch((error) => {
  document.getElementById('message').textContent = token
    ? sentence(error)
    : 'This link is not complete. Ask the program for it again.'
})
