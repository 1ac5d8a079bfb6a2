// From nothing but a URL to a first user, with `fetch` only: the four steps of the vending machine.
//
//   TRYMELLON_URL=http://localhost:3000 node agent.js
//
// The vending machine answers an address once an hour, so a careful agent keeps what it got.
import { readFile, writeFile } from 'node:fs/promises'

const url = process.env.TRYMELLON_URL ?? 'http://localhost:3000'
const file = process.env.CREDENTIALS_FILE ?? new URL('./.credentials.json', import.meta.url)

async function call(method, path, { body, token } = {}) {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: body && JSON.stringify(body),
  })
  const answer = await response.json()
  if (!response.ok) {
    const retry = response.headers.get('retry-after')
    const { code, message } = answer.error_description
      ? { code: answer.error, message: answer.error_description }
      : answer.error
    throw Object.assign(
      new Error(
        `${method} ${path}: ${response.status} ${code}: ${message}${retry ? ` (try again in ${retry} s)` : ''}`,
      ),
      { code },
    )
  }
  return answer
}

const getToken = ({ clientId, clientSecret }) =>
  call('POST', '/oauth/token', {
    body: { client_id: clientId, client_secret: clientSecret, grant_type: 'client_credentials' },
  })

/** What an earlier run kept, if this server still knows it: idle tenants are purged after seven days. */
async function keptCredentials() {
  let kept
  try {
    kept = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
  try {
    await getToken(kept)
    return kept
  } catch (error) {
    if (error.code === 'invalid_client') return null
    throw error
  }
}

// 1. Credentials, from one unauthenticated POST.
let credentials = await keptCredentials()
if (!credentials) {
  credentials = await call('POST', '/v1/onboarding/ai', { body: { name: 'Example agent' } })
  await writeFile(file, JSON.stringify(credentials, null, 2), { mode: 0o600 })
}
console.log(`1. tenant ${credentials.tenantId}, application ${credentials.applicationId}`)

// 2. A bearer token, good for an hour.
const { access_token: token, expires_in } = await getToken(credentials)
console.log(`2. token for ${expires_in} s`)

// 3. A user.
const externalUserId = `user_${Date.now()}`
const user = await call('POST', '/v1/users', { token, body: { external_user_id: externalUserId } })
console.log(`3. user ${user.data.external_user_id}, made ${user.data.created_at}`)

// 4. The origins on which this user may use passkeys.
const application = await call('PATCH', `/v1/applications/${credentials.applicationId}`, {
  token,
  body: { allowed_origins: ['https://your-agent-domain.com', 'http://localhost:3000'] },
})
console.log(`4. origins ${application.data.allowed_origins.join(', ')}`)
