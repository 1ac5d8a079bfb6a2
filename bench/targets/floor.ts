import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from 'node:crypto'
import type { StoredPasskey } from '../authenticator.ts'
import { serve } from './json-server.ts'
import { site } from './options.ts'
import { openStore, type Store } from './store.ts'

/*
 * The physical floor of a passkey sign-in: the same two calls and the same JSON as the product, by hand. A stored
 * challenge taken once, all assertion checks, the signature, counter + session + audit row, an ES256 token. No router,
 * schemas, limits, tenancy, caches to invalidate or error dialects: what is physically there, not a product.
 */

const SCHEMA = `
create table challenges (id uuid primary key, challenge text not null, expires_at timestamptz not null);
create table credentials (id text primary key, user_id uuid not null, user_handle text not null, public_key bytea not null,
  sign_count bigint not null, last_used_at timestamptz);
create table sessions (id uuid primary key, user_id uuid not null, credential_id text not null, created_at timestamptz not null, expires_at timestamptz not null);
create table audit_logs (id uuid primary key, event text not null, user_id uuid not null, metadata jsonb not null, created_at timestamptz not null);
`

const INSERT_CHALLENGE = 'insert into challenges (id, challenge, expires_at) values ($1, $2, $3)'
const TAKE_CHALLENGE = 'delete from challenges where id = $1 returning challenge, expires_at'
const READ_CREDENTIAL = 'select user_id, user_handle, public_key, sign_count from credentials where id = $1'
const RECORD_SIGN_IN = `
with counted as (
  update credentials set sign_count = $2, last_used_at = $3 where id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0)) returning user_id
), session as (
  insert into sessions (id, user_id, credential_id, created_at, expires_at) select $4, user_id, $1, $3, $5 from counted returning id
)
insert into audit_logs (id, event, user_id, metadata, created_at)
  select $6, 'auth.success', user_id, jsonb_build_object('credential_id', $1::text), $3 from counted returning id`

type Assertion = {
  id: string
  type: string
  response: { authenticatorData: string; clientDataJSON: string; signature: string; userHandle?: string }
}

const { rpId, origin, passkeys } = site()
const rpIdHash = createHash('sha256').update(rpId).digest()
const keys = new Map<string, KeyObject>()
const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const tokenHead = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: 'floor' })).toString('base64url')

/** r ‖ s of a DER signature (RFC 7518 §3.4). OpenSSL 3.5 takes 18 µs more to make it itself (`ieee-p1363`). */
function joinedSignature(der: Buffer): string {
  const joined = Buffer.alloc(64)
  for (let at = 2, part = 0; part < 2; part++) {
    const length = der[at + 1] ?? 0
    const number = der.subarray(at + 2 + Math.max(0, length - 32), at + 2 + length)
    joined.set(number, 32 * (part + 1) - number.length)
    at += 2 + length
  }
  return joined.toString('base64url')
}

function mintToken(userId: string, sessionId: string, seconds: number): string {
  const claims = {
    iss: origin,
    sub: userId,
    aud: ['bench', 'end-user'],
    user_id: userId,
    iat: seconds,
    exp: seconds + 86_400,
    jti: sessionId,
  }
  const signed = `${tokenHead}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${signed}.${joinedSignature(sign('sha256', Buffer.from(signed), signingKey))}`
}

/** WebAuthn L3 §7.2, the steps that apply here; returns the new counter. */
function check(assertion: Assertion, challenge: string, credential: { key: KeyObject; userHandle: string }): number {
  const clientBytes = Buffer.from(assertion.response.clientDataJSON, 'base64url')
  const data = Buffer.from(assertion.response.authenticatorData, 'base64url')
  const client = JSON.parse(clientBytes.toString())
  const flags = data[32] ?? 0
  const backupWithoutEligible = (flags & 0x18) === 0x10
  const right =
    assertion.type === 'public-key' &&
    assertion.response.userHandle === credential.userHandle &&
    client.type === 'webauthn.get' &&
    client.challenge === challenge &&
    client.origin === origin &&
    client.crossOrigin !== true &&
    data.length >= 37 &&
    data.subarray(0, 32).equals(rpIdHash) &&
    (flags & 0x01) === 0x01 &&
    !backupWithoutEligible &&
    verify(
      'sha256',
      Buffer.concat([data, createHash('sha256').update(clientBytes).digest()]),
      credential.key,
      Buffer.from(assertion.response.signature, 'base64url'),
    )
  if (!right) throw new Error('verification_failed')
  return data.readUInt32BE(33)
}

function keyOf(id: string, spki: unknown): KeyObject {
  const cached = keys.get(id)
  if (cached) return cached
  const key = createPublicKey({ key: Buffer.from(spki as Uint8Array), format: 'der', type: 'spki' })
  keys.set(id, key)
  return key
}

async function start(store: Store) {
  const sessionId = randomUUID()
  const challenge = randomBytes(32).toString('base64url')
  const expiresAt = new Date(Date.now() + 600_000).toISOString()
  await store.run('insert_challenge', INSERT_CHALLENGE, [sessionId, challenge, expiresAt])
  const options = { challenge, rpId, timeout: 600_000, userVerification: 'preferred' }
  return { status: 200, body: { ok: true, data: { session_id: sessionId, expires_at: expiresAt, challenge: options } } }
}

async function finish(store: Store, body: string) {
  const { session_id, credential } = JSON.parse(body) as { session_id: string; credential: Assertion }
  const [taken] = await store.run('take_challenge', TAKE_CHALLENGE, [session_id])
  const now = new Date()
  if (!taken || (taken.expires_at as Date) <= now) return { status: 400, body: { ok: false } }
  const [stored] = await store.run('read_credential', READ_CREDENTIAL, [credential.id])
  if (!stored) return { status: 404, body: { ok: false } }
  const key = keyOf(credential.id, stored.public_key)
  const count = check(credential, String(taken.challenge), { key, userHandle: String(stored.user_handle) })
  const [session, audit, expires] = [randomUUID(), randomUUID(), new Date(now.getTime() + 86_400_000)]
  const written = await store.run('record_sign_in', RECORD_SIGN_IN, [
    credential.id,
    count,
    now,
    session,
    expires,
    audit,
  ])
  if (written.length !== 1) return { status: 401, body: { ok: false } }
  const userId = String(stored.user_id)
  const token = mintToken(userId, session, Math.floor(now.getTime() / 1000))
  return {
    status: 200,
    body: { ok: true, data: { authenticated: true, session_token: token, user: { user_id: userId } } },
  }
}

async function seed(store: Store, passkey: StoredPasskey): Promise<void> {
  const spki = Buffer.from(passkey.spki, 'base64url')
  await store.run(
    'seed',
    'insert into credentials (id, user_id, user_handle, public_key, sign_count) values ($1, $2, $3, $4, 0)',
    [passkey.id, randomUUID(), passkey.userHandle, spki],
  )
}

const store = await openStore()
await store.migrate(SCHEMA)
for (const passkey of passkeys) await seed(store, passkey)
serve((_method, path, body) => (path === '/v1/passkeys/auth/start' ? start(store) : finish(store, body)))
