import { type Authenticator, createAuthenticator, type Mutation } from './authenticator.ts'
import { freshAddress, type TestApp } from './harness.ts'
import type { PersonAt } from './people.ts'

/** What a person's browser does on the Account screen, step by step, each from an address of its own. */
export function personPasskeys(server: Pick<TestApp, 'call'>, person: PersonAt) {
  const { headers } = person
  const ask = (method: string, path: string, body?: object) =>
    server.call(method, path, { headers, ip: freshAddress(), ...(body ? { body } : {}) })
  const here = '/v1/account/passkeys'
  const self = {
    list: (query = '') => ask('GET', `${here}${query}`),
    async ids(): Promise<string[]> {
      const { body } = await self.list()
      const active = body.data.data.filter(({ status }: { status: string }) => status === 'active')
      return active.map(({ credential_id }: { credential_id: string }) => credential_id)
    },
    rename: (id: string, alias: unknown) => ask('PATCH', `${here}/${id}`, { alias }),
    /** @param device another authenticator of the person than the first */
    async prove(purpose: string, device: Authenticator = person.device, mutate?: Mutation) {
      const { session_id, challenge } = (await ask('POST', '/v1/dashboard/step-up', { purpose })).body.data
      const credential = device.authenticate(challenge, { origin: headers.origin, ...(mutate ? { mutate } : {}) })
      return { session_id, credential }
    },
    start: (step_up?: object) => ask('POST', `${here}/register/start`, step_up ? { step_up } : {}),
    finish: (session_id: string, credential: object, alias?: string) =>
      ask('POST', `${here}/register/finish`, { session_id, credential, ...(alias ? { alias } : {}) }),
    /** A further passkey on an authenticator of its own. */
    async add(alias?: string) {
      const device = createAuthenticator()
      const begun = await self.start(await self.prove('account.passkeys.register'))
      const { session_id, challenge } = begun.body.data
      const done = await self.finish(session_id, device.register(challenge, { origin: headers.origin }), alias)
      return { device, id: done.body.data.credential_id as string }
    },
    take: (id: string, step_up?: object) => ask('POST', `${here}/${id}/remove`, step_up ? { step_up } : {}),
    async remove(id: string, device?: Authenticator) {
      return self.take(id, await self.prove(`account.passkeys.remove:${id}`, device))
    },
  }
  return self
}
