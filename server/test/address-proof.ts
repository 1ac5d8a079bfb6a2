import { type Answer, freshAddress, type TestApp } from './harness.ts'
import type { PersonAt } from './people.ts'

type Session = { headers: Record<string, string> }

export const askForProof = (server: TestApp, { headers }: Session, email: string): Promise<Answer> =>
  server.call('POST', '/v1/account/address/request-proof', { headers, body: { email }, ip: freshAddress() })

/** The link in the last mail to an address. */
export async function proofLink(server: TestApp, address: string): Promise<string> {
  const text = (await server.mails(address)).at(-1)?.text ?? ''
  return text.match(/\S+\/dashboard\/address#token=apt_\w+/)?.[0] ?? ''
}

/** The token of the mail that a person asked for: to the address of the sign-up unless said. */
export async function proofToken(server: TestApp, person: PersonAt, address = person.address): Promise<string> {
  const { status, text } = await askForProof(server, person, address)
  if (status !== 204) throw new Error(`asking for a proof answered ${status}: ${text}`)
  return (await proofLink(server, address)).split('=')[1] ?? ''
}
