// The packed package from a CommonJS module; the same calls are made on what an ES module imported.
async function check({ assert, TryMellon, TryMellonError, ConflictError, createAdmin }) {
  const sandbox = TryMellon.create({ publishableKey: 'cli_a', apiBaseUrl: 'https://api.test', sandbox: true })
  const signedUp = await sandbox.value.signUp({ externalUserId: 'user_123' })
  assert.equal(signedUp.value.user.externalUserId, 'user_123')
  const refused = TryMellon.create({ publishableKey: 'sec_a', apiBaseUrl: 'https://api.test' })
  assert.ok(refused.error instanceof TryMellonError)

  const pages = [
    { data: [{ id: '1' }], has_more: true, next_cursor: '1' },
    { data: [{ id: '2' }], has_more: false, next_cursor: null },
  ]
  const fetch = async (_url, { method }) =>
    method === 'GET'
      ? Response.json({ ok: true, data: pages.shift() })
      : Response.json({ ok: false, error: { code: 'user_exists', message: 'It exists.' } }, { status: 409 })
  const admin = createAdmin({ baseUrl: 'https://api.test', secretKey: 'tm_key_a', fetch })
  const ids = []
  for await (const user of admin.users.list()) ids.push(user.id)
  assert.deepEqual(ids, ['1', '2'])
  await assert.rejects(admin.users.create({ external_user_id: 'a' }), ConflictError)
}

module.exports = check
if (require.main === module) {
  check({ assert: require('node:assert/strict'), ...require('@trymellon/sdk'), ...require('@trymellon/sdk/admin') })
}
