import { describe, expect, it } from 'vitest'
import { isLoopbackRedirect, matchesRedirect, redirectHost, redirectUriProblem } from './redirect-uri.ts'

describe('agents 166, security 205: a redirect URI', () => {
  it.each([
    'https://client.example.com/callback',
    'https://client.example.com/callback?a=1',
    'http://localhost/callback',
    'http://localhost:3118/callback',
    'http://127.0.0.1:8080/callback',
    'http://[::1]:9/cb',
    'com.example.app:/oauth',
  ])('may be %s', (text) => expect(redirectUriProblem(text)).toBeNull())

  it.each([
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'JavaScript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'HTTPS://client.example.com/',
    'http://client.example.com/',
    'http://localhost.evil.example.com/',
    'http://127.0.0.1.evil.example.com/',
    'https://user:pw@client.example.com/',
    'https://client.example.com/#x',
    'https://client.example.com/#',
    'https://client.example.com\\@evil.example.com/',
    '//client.example.com/',
    '/callback',
    'myapp:/oauth',
    '',
  ])('may not be %j', (text) => expect(redirectUriProblem(text)).not.toBeNull())

  it.each([
    ['https://a.example/cb', 'https://a.example/cb', true],
    ['https://a.example/cb', 'https://a.example/cb/', false],
    ['https://a.example/cb', 'https://a.example/cb?x', false],
    ['https://a.example/cb', 'https://a.example:444/cb', false],
    ['https://a.example/cb', 'https://b.example/cb', false],
    ['https://a.example/cb', 'https://x@a.example/cb', false],
    ['https://a.example/cb', 'https://a.example/cb#f', false],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:5000/cb', true],
    ['http://localhost:1/cb', 'http://localhost:2/cb', true],
    ['http://localhost:1/cb', 'http://127.0.0.1:2/cb', false],
    ['http://localhost:1/cb', 'http://localhost:2/other', false],
  ])('agents 163: registered %s, asked %s → %s', (known, asked, expected) => {
    expect(matchesRedirect([known], asked)).toBe(expected)
  })

  it('is told by its host, or by its scheme', () => {
    expect(redirectHost('https://a.example:444/cb')).toBe('a.example:444')
    expect(redirectHost('com.example.app:/oauth')).toBe('com.example.app')
    expect([isLoopbackRedirect('http://localhost:1/'), isLoopbackRedirect('https://localhost/')]).toEqual([true, false])
  })
})
