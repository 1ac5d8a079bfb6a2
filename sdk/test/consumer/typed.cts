// The packed package’s types, from a CommonJS module.
import sdk = require('@trymellon/sdk')
import admin = require('@trymellon/sdk/admin')

export const supported: boolean = sdk.TryMellon.isSupported()
export const users = admin.createAdmin({ baseUrl: '', secretKey: '' }).users.list({ limit: 1 })
export const first: Promise<string | undefined> = users.page().then(({ data }) => data[0]?.id)
