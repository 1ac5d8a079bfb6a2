import { describe, expect, it } from 'vitest'
import { routedBy, wellKnownUrl } from './base-path.ts'

describe('addresses below the path of PUBLIC_URL', () => {
  it.each([
    ['/t1/oauth/token', '/oauth/token'],
    ['/t1/v1/users?limit=1', '/v1/users?limit=1'],
    ['/t1', '/'],
    ['/t1/', '/'],
    ['/t1?x=1', '/?x=1'],
    ['/t1/.well-known/jwks.json', '/.well-known/jwks.json'],
    ['/t1/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server'],
    ['/.well-known/oauth-authorization-server/t1', '/.well-known/oauth-authorization-server'],
    ['/.well-known/oauth-protected-resource/t1/mcp', '/.well-known/oauth-protected-resource/mcp'],
    ['/.well-known/openid-configuration/t1?x', '/.well-known/openid-configuration?x'],
  ])('%s is routed as %s', (asked, routed) => expect(routedBy('/t1')(asked)).toBe(routed))

  it.each(['/health', '/t10/health', '/.well-known/oauth-authorization-server/t10', '/.well-known/xyz/t1', '/T1/docs'])(
    '%s stays as it is',
    (asked) => expect(routedBy('/t1')(asked)).toBe(asked),
  )

  it('nothing changes without a path', () => {
    for (const asked of ['/', '/v1/users', '//']) expect(routedBy('')(asked)).toBe(asked)
  })

  it('the well-known part stands before the path (RFC 8414 §3.1, RFC 9728 §3.1)', () => {
    const at = { PUBLIC_ORIGIN: 'https://a.example', BASE_PATH: '/t1' }
    expect(wellKnownUrl(at, 'oauth-protected-resource', '/mcp')).toBe(
      'https://a.example/.well-known/oauth-protected-resource/t1/mcp',
    )
  })
})
