import { expect, it } from 'vitest'
import { freshAddress } from '../harness.ts'
import { currentRequest, keyOf, olderRequest, post, previous } from '../mcp-requests.ts'
import { onTwoInstances } from '../races/two-instances.ts'

onTwoInstances('two instances', (instances) => {
  it('agents 180: requests that alternate between them see one server', async () => {
    const tenant = await instances.one.tenant()
    const key = await keyOf(instances.one, tenant)
    let turn = 0
    const send = async (sent: ReturnType<typeof olderRequest>) => {
      turn += 1
      const answer = await post(instances.both[turn % 2 === 0 ? 0 : 1], sent, key)
      expect(answer.status).toBe(200)
      return answer.body.result
    }
    const hello = { protocolVersion: previous, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
    await send(olderRequest('initialize', hello))
    const lists = [await send(olderRequest('tools/list')), await send(olderRequest('tools/list'))]
    expect(lists[0]).toEqual(lists[1])
    for (const request of [olderRequest, currentRequest]) {
      const args = { external_user_id: freshAddress(), idempotency_key: `key-${turn}` }
      const call = () => send(request('tools/call', { name: 'users_create', arguments: args }))
      const [first, second] = [await call(), await call()]
      expect([first.isError, second.structuredContent]).toEqual([undefined, first.structuredContent])
      const { idempotency_key: _, ...user } = args
      for (let i = 0; i < 2; i++)
        expect((await send(request('tools/call', { name: 'users_get', arguments: user }))).structuredContent.id).toBe(
          first.structuredContent.id,
        )
    }
  })
})
