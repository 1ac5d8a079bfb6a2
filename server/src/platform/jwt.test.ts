import { createHmac, type KeyObject, sign } from 'node:crypto'
import {
  CompactEncrypt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Claims, hasAudience, maxTokenLength, type SigningKey, signJwt, type TokenType, verifyJwt } from './jwt.ts'
import { createSecrets, randomBytes } from './secrets.ts'
import { generateSigningKey } from './signing-key.ts'
import { fromMillis } from './time.ts'

const issuer = 'https://auth.example'
const at = 1_795_262_400
const now = fromMillis(at * 1000)
const claims: Claims = {
  iss: issuer,
  sub: 'cli_8YpZ3kQ1vT6mWc0RbN4xLd',
  aud: [issuer, `${issuer}/mcp`],
  scope: 'users:read users:write',
  iat: at,
  exp: at + 3600,
  jti: '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57',
}

let es: SigningKey
let rs: SigningKey
beforeAll(async () => {
  const secrets = createSecrets({ masterKey: randomBytes(32) })
  es = (await generateSigningKey('ES256', secrets))[0]
  rs = (await generateSigningKey('RS256', secrets))[0]
})

const keys = (kid: string) => [es, rs].find((key) => key.kid === kid)
const check = (
  token: string,
  options: { typ?: TokenType; issuer?: string; now?: Date; maxSkewSeconds?: number } = {},
) => verifyJwt(token, { typ: 'at+jwt', issuer, now, keys, ...options })

const encode = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')
/** A token with any header and claims text, signed by the right key: what only the verifier can refuse. */
function forge(header: string, body: string, key: SigningKey = es): string {
  const input = `${encode(header)}.${encode(body)}`
  return `${input}.${encode(sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }))}`
}
const header = (extra: object = {}) => JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: es.kid, ...extra })
const withClaims = (extra: object) => forge(header(), JSON.stringify({ ...claims, ...extra }))

describe('an honest token', () => {
  it.each(['ES256', 'RS256'] as const)('%s verifies here and with an independent library', async (algorithm) => {
    const key = algorithm === 'ES256' ? es : rs
    for (const typ of ['at+jwt', 'JWT', 'action+jwt'] as const) {
      const token = signJwt(key, typ, claims)
      expect(check(token, { typ })).toEqual(claims)
      const { payload, protectedHeader } = await jwtVerify(token, key.publicKey, { issuer, typ, currentDate: now })
      expect(payload).toEqual(claims)
      expect(protectedHeader).toEqual({ alg: algorithm, typ, kid: key.kid })
    }
  })

  it('of an independent signer with our key verifies, whatever the order of its members', async () => {
    for (const key of [es, rs]) {
      const token = await new SignJWT(claims)
        .setProtectedHeader({ kid: key.kid, alg: key.algorithm, typ: 'at+jwt' })
        .sign(key.privateKey)
      expect(check(token)).toEqual(claims)
    }
    expect(check(forge(header(), JSON.stringify(claims)))).toEqual(claims)
  })

  it('keeps text, scalars and awkward member names of claims as they were', () => {
    const own = {
      ...claims,
      'https://trymellon.dev/claims': { 7: 'ä\u2028"\\/\ud83d\ude00', b: -0.5, a: true, z: 1e21, __proto__x: null },
    }
    expect(check(signJwt(es, 'at+jwt', own))).toEqual(own)
  })
})

describe('a forged token is refused', () => {
  it('security 123: with another typ, or none', async () => {
    for (const typ of ['JWT', 'action+jwt', 'AT+JWT', 'application/at+jwt', 'at+jwt ', undefined]) {
      expect(check(forge(header({ typ }), JSON.stringify(claims)))).toBeNull()
    }
    for (const typ of ['JWT', 'action+jwt'] as const) expect(check(signJwt(es, 'at+jwt', claims), { typ })).toBeNull()
  })

  it('security 124: with alg none, or an algorithm that is not the key’s own', async () => {
    const body = JSON.stringify(claims)
    for (const alg of ['none', 'None', 'NONE', 'es256', 'ES384', 'RS256', 'HS256', '', null, ['ES256'], undefined]) {
      expect(check(forge(header({ alg }), body))).toBeNull()
    }
    const unsigned = new UnsecuredJWT(claims).encode()
    expect(check(unsigned)).toBeNull()
    expect(check(`${encode(header({ alg: 'none' }))}.${encode(body)}.`)).toBeNull()
    expect(check(`${encode(header({ alg: 'none' }))}.${encode(body)}`)).toBeNull()
    // An ES256 token under the id of the RS256 key, and the reverse.
    for (const [signer, named] of [
      [es, rs],
      [rs, es],
    ] as const) {
      for (const alg of ['ES256', 'RS256'] as const) {
        const token = new SignJWT(claims).setProtectedHeader({ alg: signer.algorithm, typ: 'at+jwt', kid: named.kid })
        expect(check(await token.sign(signer.privateKey))).toBeNull()
        expect(check(forge(JSON.stringify({ alg, typ: 'at+jwt', kid: named.kid }), body, signer))).toBeNull()
      }
    }
  })

  it('security 124: with the public key as HMAC secret, in every spelling', () => {
    const texts = (key: KeyObject) => {
      const spki = key.export({ type: 'spki', format: 'pem' }).toString()
      const forms = [spki, spki.trim(), ` ${spki}`, `\n${spki}`, `\t${spki}`, spki.replaceAll('\n', '\r\n')]
      return [...forms, key.export({ type: 'spki', format: 'der' }), JSON.stringify(key.export({ format: 'jwk' }))]
    }
    for (const key of [es, rs]) {
      for (const secret of texts(key.publicKey)) {
        for (const alg of ['HS256', key.algorithm]) {
          const input = `${encode(JSON.stringify({ alg, typ: 'at+jwt', kid: key.kid }))}.${encode(JSON.stringify(claims))}`
          expect(check(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`)).toBeNull()
        }
      }
    }
  })

  it('security 125: with a key that the token brings itself', async () => {
    const attacker = await generateKeyPair('ES256', { extractable: true })
    const jwk = await exportJWK(attacker.publicKey)
    const brought = { jwk, jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x5u', x5c: ['MIIB'] }
    for (const kid of [es.kid, 'unknown', undefined]) {
      const own = new SignJWT(claims).setProtectedHeader({
        alg: 'ES256',
        typ: 'at+jwt',
        ...(kid ? { kid } : {}),
        ...brought,
      })
      expect(check(await own.sign(attacker.privateKey))).toBeNull()
    }
    // Ignored, not obeyed: signed by our key it is ours.
    expect(check(forge(header(brought), JSON.stringify(claims)))).toEqual(claims)
  })

  it('security 125: with an unknown or odd kid, which is never looked up', () => {
    const asked: string[] = []
    const record = (kid: string) => {
      asked.push(kid)
      return es
    }
    const odd = ['../../etc/passwd', "' or 1=1 --", 'a\0b', 'x'.repeat(10_000), 'x'.repeat(200), '', 7, null, [], {}]
    for (const kid of [...odd, undefined]) {
      const token = forge(header({ kid }), JSON.stringify(claims))
      expect(verifyJwt(token, { typ: 'at+jwt', issuer, now, keys: record })).toBeNull()
    }
    expect(asked).toEqual([])
    for (const kid of ['unknown', '__proto__', 'constructor']) {
      expect(check(forge(header({ kid }), JSON.stringify(claims)))).toBeNull()
    }
  })

  it('security 126: with crit, b64, or a member twice', () => {
    const body = JSON.stringify(claims)
    for (const extra of [
      { crit: ['exp'] },
      { crit: ['b64'], b64: false },
      { b64: false },
      { b64: true },
      { crit: [] },
    ]) {
      expect(check(forge(header(extra), body))).toBeNull()
    }
    const twice = (text: string, member: string) => text.replace('{', `{${member},`)
    expect(check(forge(twice(header(), '"alg":"none"'), body))).toBeNull()
    expect(check(forge(twice(header(), '"alg":"ES256"'), body))).toBeNull()
    expect(check(forge(header(), twice(body, '"sub":"someone"')))).toBeNull()
    expect(check(forge(header(), twice(body, '"\\u0073ub":"someone"')))).toBeNull()
    const nested = JSON.stringify({ ...claims, act: { sub: 'a' } }).replace('"sub":"a"', '"sub":"b","sub":"a"')
    expect(check(forge(header(), nested))).toBeNull()
  })

  it('security 127: with another issuer, or an audience that is not exactly ours', () => {
    for (const iss of [[issuer], `${issuer}/`, issuer.slice(0, -1), issuer.toUpperCase(), '', undefined]) {
      expect(check(withClaims({ iss }))).toBeNull()
    }
    const audience = (aud: unknown) => hasAudience({ ...claims, aud }, issuer)
    expect([audience(issuer), audience([issuer]), audience(['other', issuer])]).toEqual([true, true, true])
    for (const aud of [undefined, null, '', [], `${issuer}/`, [`${issuer}/mcp`], [[issuer]], { 0: issuer }]) {
      expect(audience(aud)).toBe(false)
    }
  })

  it('security 128: with times that are no whole seconds', () => {
    for (const name of ['exp', 'iat', 'nbf']) {
      for (const bad of [
        `"${at}"`,
        '-1',
        `${at}.5`,
        '9007199254740993',
        '1e300',
        'null',
        'true',
        `[${at}]`,
        `${at}.0`,
      ]) {
        const text = JSON.stringify({ ...claims, nbf: at }).replace(new RegExp(`"${name}":\\d+`), `"${name}":${bad}`)
        expect(check(forge(header(), text)), `${name} ${bad}`).toBeNull()
      }
    }
    for (const name of ['exp', 'iat', 'sub', 'jti', 'iss']) expect(check(withClaims({ [name]: undefined }))).toBeNull()
  })

  it('security 128: before its time by more than 60 s, or from the second of its exp on', () => {
    for (const name of ['iat', 'nbf']) {
      expect(check(withClaims({ [name]: at + 59 }))).not.toBeNull()
      expect(check(withClaims({ [name]: at + 60 }))).not.toBeNull()
      expect(check(withClaims({ [name]: at + 61 }))).toBeNull()
      expect(check(withClaims({ [name]: at + 61 }), { maxSkewSeconds: 3600 })).toBeNull()
      expect(check(withClaims({ [name]: at + 1 }), { maxSkewSeconds: 0 })).toBeNull()
    }
    const token = signJwt(es, 'at+jwt', claims)
    const after = (millis: number) => check(token, { now: fromMillis((at + 3600) * 1000 + millis) })
    expect(after(-1)).not.toBeNull()
    for (const millis of [0, 1, 59_000, 61_000]) expect(after(millis)).toBeNull()
  })

  it('security 137: when longer than 8192 characters, or encrypted', async () => {
    const spare = (size: number) => signJwt(es, 'at+jwt', { ...claims, spare: 'x'.repeat(size) })
    let size = 5600
    while (spare(size + 1).length <= maxTokenLength) size++
    expect(check(spare(size))).not.toBeNull()
    expect(check(spare(size + 1))).toBeNull()
    const sealed = new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: rs.kid, typ: 'at+jwt' })
      .encrypt(rs.publicKey)
    expect(check(await sealed)).toBeNull()
  })

  it('with any one character changed', () => {
    const token = signJwt(es, 'at+jwt', claims)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let i = 0; i < token.length; i++) {
      const next = alphabet.charAt((alphabet.indexOf(token.charAt(i)) + 1) % 64)
      expect(check(token.slice(0, i) + next + token.slice(i + 1))).toBeNull()
    }
  })

  it('in another spelling of the same bytes', () => {
    const token = signJwt(es, 'at+jwt', claims)
    for (const [from, to] of [
      ['-', '+'],
      ['_', '/'],
    ] as const) {
      if (token.includes(from)) expect(check(token.replaceAll(from, to))).toBeNull()
    }
    const others = [
      `${token}=`,
      `${token}==`,
      ` ${token}`,
      `${token}\n`,
      token.replace('.', '..'),
      `${token}.`,
      `${token}.x`,
      '',
      '..',
      '.',
    ]
    for (const other of others) expect(check(other)).toBeNull()
    const [head = '', body = '', signature = ''] = token.split('.')
    const der = sign('sha256', Buffer.from(`${head}.${body}`), es.privateKey)
    expect(check(`${head}.${body}.${encode(der)}`)).toBeNull()
    expect(check(`${head}.${body}.${signature.slice(0, -1)}`)).toBeNull()
    expect(check(`${head}.${body}.${encode(Buffer.alloc(64))}`)).toBeNull()
  })

  it('when a part is no JSON object', () => {
    for (const part of [
      '',
      'null',
      '[]',
      '"x"',
      '7',
      '{',
      '{}x',
      `{}${' '.repeat(4)}`,
      '[['.repeat(2000),
      '\ufeff{}',
    ]) {
      expect(check(forge(part, JSON.stringify(claims)))).toBeNull()
      expect(check(forge(header(), part))).toBeNull()
    }
    expect(decodeProtectedHeader(signJwt(es, 'JWT', claims)).typ).toBe('JWT')
  })
})
