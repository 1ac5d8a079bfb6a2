// The packed package’s types, from an ES module.
import { type Result, type SignUp, TryMellon, type TryMellonError } from '@trymellon/sdk'
import { type Admin, createAdmin, provisionAgent, type User } from '@trymellon/sdk/admin'

const created = TryMellon.create({ publishableKey: 'cli_a' })
if (!created.ok) throw created.error
const mellon: TryMellon = created.value
const signedUp: Result<SignUp, TryMellonError> = await mellon.signUp({ alias: 'Laptop' })
export const id: string | undefined = signedUp.ok ? signedUp.value.user.externalUserId : signedUp.error.wireCode
mellon.on('success', ({ token, user }) => token + user.userId)
// @ts-expect-error: no such event
mellon.on('sucess', () => {})
// @ts-expect-error: the token is required
mellon.passkeys.list({})

export const admin: Admin = createAdmin({ baseUrl: '', clientId: '', clientSecret: '' })
export const user: User = await admin.users.get('user_123')
for await (const row of admin.auditLogs.list({ success: false, limit: 10 })) row.event.toUpperCase()
for await (const passkey of admin.users.credentials.list('user_123')) passkey.credential_id.toUpperCase()
export const cursor: string | null = (await admin.users.list()).next_cursor
export const secret: string = (await provisionAgent({ baseUrl: '', name: '' })).clientSecret
// @ts-expect-error: half a credential
createAdmin({ baseUrl: '', clientId: '' })
// @ts-expect-error: the API’s own name is external_user_id
admin.users.create({ externalUserId: 'user_123' })
