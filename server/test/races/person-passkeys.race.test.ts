import { expect, it } from 'vitest'
import { personPasskeys } from '../person-passkeys.ts'
import { onTwoInstances } from './two-instances.ts'

onTwoInstances("a person's passkeys", (instances) => {
  it('both of two removed at once: one stays, whichever', async () => {
    for (let round = 0; round < 6; round += 1) {
      const person = await instances.one.person()
      const [one, two] = instances.both.map((app) => personPasskeys(app, person)) as [
        ReturnType<typeof personPasskeys>,
        ReturnType<typeof personPasskeys>,
      ]
      const [first = ''] = await one.ids()
      const { id, device } = await one.add()
      const proofs = [
        await one.prove(`account.passkeys.remove:${first}`),
        await two.prove(`account.passkeys.remove:${id}`, device),
      ]
      const answers = await Promise.all([one.take(first, proofs[0]), two.take(id, proofs[1])])
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409])
      expect(await one.ids()).toHaveLength(1)
    }
  })
})
