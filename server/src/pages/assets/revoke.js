import { call, post, Refused, sentence, signIn } from './passkeys.js'

const at = (id) => document.getElementById(id)
const agent_id = location.hash.slice(1)

/** Before the program has fetched its key there is only the approval; afterwards there is the agent. */
async function revoke() {
  await post('/v1/device/withdraw', { agent_id })
  try {
    await call('DELETE', `/v1/agents/${encodeURIComponent(agent_id)}`)
  } catch (error) {
    if (!(error instanceof Refused && error.status === 404)) throw error
  }
  at('revoke').hidden = true
  at('outcome').textContent = 'Revoked. The program can no longer do anything with what it got.'
}

at('revoke').addEventListener('click', async () => {
  at('revoke').disabled = true
  at('message').textContent = ''
  try {
    await revoke().catch(async (error) => {
      if (!(error instanceof Refused && error.status === 401)) throw error
      await signIn()
      await revoke()
    })
  } catch (error) {
    at('message').textContent = sentence(error)
  }
  at('revoke').disabled = false
})
