import { DEVICE_GRANT } from '../device/token.ts'
import { INACTIVITY_PURGE_DAYS, plans } from '../tenants/plans.ts'
import type { Served } from './served.ts'

const json = `-H 'Content-Type: application/json'`
const block = (command: string) => `\`\`\`sh\n${command}\n\`\`\``

/** Each section with its curl, as it runs in a shell that has the named variables; null: not served here. */
type Section = (served: Served) => string | null

const choose: Section = ({ has }) =>
  `## 1. Choose a way

| You have | Way | You get |
|---|---|---|
${[
  ['nothing but this address', 'vending machine, step 2a', 'a tenant of your own with client credentials', true],
  ['a person at hand', 'device flow, step 2b', "a secret key for that person's account", has('POST /device/code')],
  ['a mailbox', 'e-mail, step 2c', 'a secret key for the account of that address', has('POST /api/agents/register')],
]
  .filter(([, , , served]) => served)
  .map(([have, way, get]) => `| ${have} | ${way} | ${get} |`)
  .join('\n')}`

const vending: Section = ({ issuer }) => `### 2a. Vending machine

Once an hour from one address. Unclaimed, it holds ${plans.free_ai.users} users and ${plans.free_ai.applications} application, and is removed after ${INACTIVITY_PURGE_DAYS} days without a call.

${block(`curl -sS -X POST ${issuer}/v1/onboarding/ai \\
  ${json} \\
  -d '{"name": "My Agent"}'`)}

Keep \`clientId\` as \`CLIENT_ID\`, \`clientSecret\` as \`CLIENT_SECRET\` (shown once), \`applicationId\` as \`APPLICATION_ID\` and
\`claim.claim_token\` as \`CLAIM_TOKEN\`. Go on with step 3.`

const device: Section = ({ issuer, has }) =>
  has('POST /device/code')
    ? `### 2b. Device flow

${block(`curl -sS -X POST ${issuer}/device/code \\
  ${json} \\
  -d '{"agent_name": "My Agent"}'`)}

Show the person \`verification_uri\` with \`user_code\`, or \`verification_uri_complete\`, or \`qr_code\`. Keep \`device_code\` as
\`DEVICE_CODE\`, wait \`interval\` seconds, and ask:

${block(`curl -sS -X POST ${issuer}/device/token \\
  -d grant_type=${DEVICE_GRANT} \\
  -d "device_code=$DEVICE_CODE"`)}

\`authorization_pending\`: wait \`interval\` seconds and ask again. \`slow_down\`: the same with the \`interval\` in the answer.
\`access_denied\`, \`expired_token\`: stop. Success has \`secret_key\` (shown once) and \`setup\`, the lines that put it into an MCP
client. Keep it as \`SECRET_KEY\`; step 3 is not needed.`
    : null

const mail: Section = ({ issuer, has }) =>
  has('POST /api/agents/register')
    ? `### 2c. E-mail

${block(`curl -sS -X POST ${issuer}/api/agents/register \\
  ${json} \\
  -d '{"email": "agent@example.com", "agent_name": "My Agent"}'`)}

The answer is the same for every address. Read the mail and send the token in it, within 24 hours and once. The answer has
\`secret_key\` (shown once) and \`setup\`:

${block(`curl -sS -X POST ${issuer}/api/agents/verify \\
  ${json} \\
  -d "{\\"token\\": \\"$EMAIL_TOKEN\\"}"`)}`
    : null

const token: Section = ({ issuer }) => `## 3. Get a token

For client credentials; a secret key is used as it is. A token lives for an hour; ask again when it ends.

${block(`curl -sS -X POST ${issuer}/oauth/token \\
  -u "$CLIENT_ID:$CLIENT_SECRET" \\
  -d grant_type=client_credentials`)}

Keep \`access_token\` as \`ACCESS_TOKEN\`. \`scope\` narrows it; \`resource\` names what it is for.`

const call: Section = ({ issuer }) => `## 4. First call

${block(`curl -sS -X POST ${issuer}/v1/users \\
  -H "Authorization: Bearer $ACCESS_TOKEN" \\
  ${json} \\
  -H 'Idempotency-Key: first-user-0001' \\
  -d '{"external_user_id": "user_123"}'`)}

A secret key takes the token's place in the header. If it reaches several applications, say which with \`X-App-Id: app_…\`.
Every operation: <${issuer}/openapi.json>.`

const origin: Section = ({ issuer }) => `## 5. Allow an origin

Browsers may sign users in from the origins on your application's list.

${block(`curl -sS -X PATCH "${issuer}/v1/applications/$APPLICATION_ID" \\
  -H "Authorization: Bearer $ACCESS_TOKEN" \\
  ${json} \\
  -d '{"allowed_origins": ["https://app.example.com", "http://localhost:3000"]}'`)}`

const claim: Section = ({ issuer, has }) =>
  has('POST /device/code')
    ? `## 6. Let a person claim it

A claimed tenant is not removed, and has the limits of its owner's plan. Your credentials stay the same. Show the person
\`claim.claim_url\` from step 2a, or a code:

${block(`curl -sS -X POST ${issuer}/device/code \\
  -d "claim_token=$CLAIM_TOKEN"`)}`
    : null

const refused: Section = ({ has }) => `## 7. When you are refused

| Status | Do |
|---|---|
| 400 | read \`message\` or \`error_description\`: it names the field |
| 401 | get a new token, once; if that is refused too, your credentials have ended: start at step 1 |
| 403 \`insufficient_scope\` | ask for a token with the scope in \`WWW-Authenticate\`, or for more rights |
| 403 \`claim_required\` | ${has('POST /device/code') ? 'a person has to claim the tenant first: step 6' : 'a person has to claim the tenant first'} |
| 404 | it is not there, or not yours |
| 409 \`plan_limit_reached\` | \`details\` has the numbers; remove something, or let a person claim the tenant |
| 429 | wait \`Retry-After\` seconds |
| 503 | wait \`Retry-After\` seconds; send the same \`Idempotency-Key\` again |`

const ending: Section = ({ issuer, has }) => `## 8. Ending access

A token that is not needed any more, by the client that got it:

${block(`curl -sS -X POST ${issuer}/oauth/revoke \\
  -u "$CLIENT_ID:$CLIENT_SECRET" \\
  -d "token=$ACCESS_TOKEN"`)}${
  has('DELETE /v1/keys/current')
    ? `

A secret key ends itself; its owner can end it too, and whoever finds it can report it:

${block(`curl -sS -X DELETE ${issuer}/v1/keys/current \\
  -H "Authorization: Bearer $SECRET_KEY"`)}`
    : ''
}

Revoking works everywhere within a second. Never put a secret into a URL, a log or a public repository.`

const sections: Section[] = [choose, vending, device, mail, token, call, origin, claim, refused, ending]

/**
 * `GET /auth.md`: how an agent that knows only the address gets access (agents.md §12). Made once from what is served;
 * every curl runs as written in a shell that has the variables named before it. No word of a tenant's is in it.
 */
export function authMd(served: Served): string {
  const [first, ...rest] = sections.map((section) => section(served)).filter((text) => text !== null)
  return `# Access for agents

This server is <${served.issuer}>. Send JSON unless shown otherwise; secrets are shown once.

${first}

## 2. Get credentials

${rest.join('\n\n')}
`
}
