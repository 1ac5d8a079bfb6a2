import { describe, expect, it } from 'vitest'
import { freeMailDomain, mailAddress, mailboxOf } from './mail-address.ts'

const read = (text: string) => mailAddress.safeParse(text)

describe('security 190: one mailbox and nothing else', () => {
  it.each([
    'a@example.com, b@example.com',
    'a@example.com;b@example.com',
    'a@example.com b@example.com',
    '"a@evil.example"@example.com',
    '"a b"@example.com',
    'a(comment)@example.com',
    'a@example.com(comment)',
    'Name <a@example.com>',
    '<a@example.com>',
    'a@example.com> SIZE=1',
    'a@example.com\r\nBcc: b@example.com',
    'a\n@example.com',
    'a\0@example.com',
    'a@exam\0ple.com',
    'a@[192.0.2.1]',
    'a@b@example.com',
    '@example.com',
    'a@',
    'a',
    '',
    '.a@example.com',
    'a.@example.com',
    'a..b@example.com',
    'ä@example.com',
    ' a@example.com',
    `${'a'.repeat(65)}@example.com`,
    `${'a'.repeat(64)}@${'b'.repeat(190)}.com`,
    `a@${'b'.repeat(254)}`,
  ])('%j is refused', (text) => {
    expect(read(text).success).toBe(false)
  })

  it.each([
    ['Agent@Company.com', 'agent@company.com'],
    ["o'neil+x_y/z=1@sub.example.co.uk", "o'neil+x_y/z=1@sub.example.co.uk"],
    ['a@nowhere', 'a@nowhere'],
    ['a@no..where', 'a@no..where'],
    ['a@-bad-.example', 'a@-bad-.example'],
  ])('%s is %s', (text, address) => {
    expect(read(text).data).toBe(address)
  })
})

describe('security 191: Unicode', () => {
  it('a domain has one form, and one that looks alike is another', () => {
    expect(read('a@BÜCHER.example').data).toBe('a@xn--bcher-kva.example')
    expect(read('a@bu\u0308cher.example').data).toBe('a@xn--bcher-kva.example')
    expect(read('a@ｅｘａｍｐｌｅ.com').data).toBe('a@example.com')
    expect(read('a@\u0435xample.com').data).toBe('a@xn--xample-2of.com')
  })

  it('tags and dots are part of an address, and are left out for counting alone', () => {
    expect(read('a.b+c@gmail.com').data).toBe('a.b+c@gmail.com')
    expect(mailboxOf('a.b+c@gmail.com')).toBe('ab@gmail.com')
    expect(mailboxOf('ab@googlemail.com')).toBe('ab@gmail.com')
    expect(mailboxOf('a.b+c@company.com')).toBe('a.b@company.com')
    expect([mailboxOf('a.b@gmail.com.'), freeMailDomain('a@gmail.com.')]).toEqual(['ab@gmail.com', 'gmail.com'])
    expect([freeMailDomain('a@gmail.com'), freeMailDomain('a@company.com')]).toEqual(['gmail.com', null])
  })
})
