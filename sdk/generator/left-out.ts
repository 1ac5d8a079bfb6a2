/** Kinds of authentication whose operations the admin client offers, unless they are left out below. */
export const server = ['admin', 'manager', 'account', 'dashboard', 'none']

const page = "a step of the server's own pages, with their cookie"
const person = 'for a person with the cookie of the dashboard'
const wayIn = 'a way in for programs that have no credential yet, spoken by OAuth and MCP clients'
const scanner = 'for services that scan for leaked secrets, who sign it'

/** What the admin client does not offer, and why. A test holds it against `openapi.json`. */
export const leftOut: Readonly<Record<string, string>> = {
  'account.get': person,
  'agent_identity.claim': wayIn,
  'agent_identity.create': wayIn,
  'agents.register': wayIn,
  'agents.verify': wayIn,
  'agents.verify_link': wayIn,
  'authorization.allow': person,
  'authorization.challenge': person,
  'authorization.deny': person,
  'authorization.request': person,
  'clients.register': wayIn,
  'dashboard.session.close': person,
  'dashboard.session.open': page,
  'dashboard.step_up': person,
  'device.approve': person,
  'device.challenge': person,
  'device.code': wayIn,
  'device.deny': person,
  'device.request': person,
  'device.token': wayIn,
  'device.withdraw': person,
  'keys.report_leak': scanner,
  'onboarding.complete': page,
  'onboarding.data': page,
  'onboarding.page': page,
  'onboarding.register_passkey': page,
}
