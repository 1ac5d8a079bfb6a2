// A backend seeds its users and reads its audit log through the typed client.
//
//   TRYMELLON_URL=… TRYMELLON_CLIENT_ID=cli_… TRYMELLON_CLIENT_SECRET=sec_… node admin.js
//
// Without settings it uses the demo application that `pnpm start` made beside this folder.
import { readFile } from 'node:fs/promises'
import { ConflictError, createAdmin } from '@trymellon/sdk/admin'

const demoFile = new URL('../../data/demo.json', import.meta.url)

async function settings() {
  const { TRYMELLON_URL, TRYMELLON_CLIENT_ID, TRYMELLON_CLIENT_SECRET } = process.env
  if (TRYMELLON_CLIENT_ID && TRYMELLON_CLIENT_SECRET) {
    return {
      baseUrl: TRYMELLON_URL ?? 'http://localhost:3000',
      clientId: TRYMELLON_CLIENT_ID,
      clientSecret: TRYMELLON_CLIENT_SECRET,
    }
  }
  const demo = JSON.parse(await readFile(process.env.TRYMELLON_DEMO_FILE ?? demoFile, 'utf8'))
  return { baseUrl: demo.url, clientId: demo.client_id, clientSecret: demo.client_secret }
}

const admin = createAdmin(await settings())

for (const name of ['ada', 'grace', 'edsger']) {
  try {
    const user = await admin.users.create({ external_user_id: name, metadata: { seeded: true } })
    console.log(`created ${user.external_user_id}`)
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    console.log(`${name} exists`)
  }
}

console.log('\nUsers and their passkeys')
for await (const user of admin.users.list()) {
  const names = []
  for await (const passkey of admin.users.credentials.list(user.external_user_id ?? `id:${user.id}`)) {
    names.push(`${passkey.alias ?? passkey.credential_id} (${passkey.status})`)
  }
  console.log(`  ${user.external_user_id ?? user.id}: ${names.join(', ') || 'none yet'}`)
}

console.log('\nLatest audit events')
const page = await admin.auditLogs.list({ limit: 10 }).page()
for (const row of page.data) console.log(`  ${row.created_at}  ${row.success ? 'ok ' : 'NO '} ${row.event}`)

const period = new Date().toISOString().slice(0, 7)
const { api_calls, active_users } = await admin.usage.get({ period })
console.log(`\nUsage of ${period}: ${api_calls} calls, ${active_users} active users`)
