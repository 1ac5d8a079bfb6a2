import { describe, expect, it } from 'vitest'
import { fromMillis } from '../platform/time.ts'
import { admittedMail } from './admitted.ts'
import { agentRefusedMail } from './agent-refused.ts'
import { agentVerificationMail } from './agent-verification.ts'
import { approvedMail } from './approved.ts'
import { disarmed, type Letter } from './compose.ts'
import { invitedMail } from './invited.ts'
import { leakedMail } from './leaked.ts'

const config = { PUBLIC_URL: 'https://auth.example.com', EMAIL_VERIFY_STRICT: false }
const at = fromMillis(Date.UTC(2026, 10, 21, 12, 30))

/** Every mail that shows something somebody else wrote. */
const letters = (text: string): [string, Letter][] => [
  [
    'verification',
    agentVerificationMail(config, { token: 'emt_x', agentName: text, ip: '192.0.2.7', at, adds: false }),
  ],
  ['refusal', agentRefusedMail(config, { agentName: text, ip: '192.0.2.7', at, why: 'closed' })],
  [
    'approval',
    approvedMail(config, { agentName: text, rights: ['Everything'], ip: '192.0.2.7', at, revokePath: '/r' }),
  ],
  [
    'invitation',
    invitedMail(config, { token: 'itk_x', accountName: text, role: 'viewer', invitedBy: text, expiresAt: at }),
  ],
  ['admission', admittedMail(config, { accountName: text, wasDisabled: false })],
  ['leak', leakedMail(config, { kind: 'secret key', name: text, preview: 'tm_key_Ab3d...f456', source: text, at })],
]

const hostile = [
  '<a href="https://evil.example">click</a>',
  '<img src=x onerror=alert(1)>',
  'https://evil.example/login',
  'Visit www.evil.example now',
  'evil。example and evil．example',
  'mailto:evil@evil.example',
  'javascript:alert(1)',
  '[click](https://evil.example)',
  'Agent\r\nBcc: victim@example.com',
  'Agent\u202egpj.exe',
  '{{7*7}} <%= 7 %>',
]

const links = (html: string): string[] => [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href ?? '')

describe.each(hostile)('security 192: %j', (text) => {
  it.each(letters(text))(
    'is text in the mail of %s: no link, no markup, no header',
    (_name, { subject, text: plain, html }) => {
      for (const part of [plain, html]) {
        expect(part).not.toMatch(/https?:\/\/(?!auth\.example\.com)/)
        expect(part).not.toMatch(/www\.|evil\.example|evil。|evil．|@evil|@example/)
        expect(part).not.toMatch(/(?:mailto|javascript):\w/)
        expect(part).not.toMatch(/[\r\u202e\u200e]/)
      }
      expect(html).not.toMatch(/<(?:script|img|iframe|form)|onerror=\w*alert\(1\)>/i)
      expect(links(html).every((href) => href.startsWith('https://auth.example.com/'))).toBe(true)
      expect(subject).toMatch(/^[\w' ]+$/)
    },
  )
})

describe('mails', () => {
  it('agents 138: the one link of the verification mail keeps the token from whoever fetches it', () => {
    const letter = agentVerificationMail(config, { token: 'emt_x', agentName: 'A', ip: '192.0.2.7', at, adds: true })
    expect(links(letter.html)).toEqual(['https://auth.example.com/agents/confirm#token=emt_x'])
    for (const part of [letter.text, letter.html]) {
      expect(part).toMatch(
        /curl (?:"|&quot;)https:\/\/auth\.example\.com\/api\/agents\/verify\?token=emt_x(?:"|&quot;)/,
      )
      expect(part).toContain('192.0.2.7')
      expect(part).toContain('2026-11-21 12:30 UTC')
    }
  })

  it('security 193: a known address reads that a key is added, a new one that an account is made', () => {
    const facts = { token: 'emt_x', agentName: 'A', ip: '192.0.2.7', at }
    expect(agentVerificationMail(config, { ...facts, adds: true }).text).toContain('will be ADDED')
    expect(agentVerificationMail(config, { ...facts, adds: false }).text).not.toContain('ADDED')
  })

  it('agents 186: of a strict server it says what else is needed, and does not have it', () => {
    const strict = { ...config, EMAIL_VERIFY_STRICT: true }
    const { text } = agentVerificationMail(strict, { token: 'emt_x', agentName: 'A', ip: '', at, adds: false })
    expect(text).toContain(`-d '{"token":"emt_x","registration_secret":"…"}'`)
    expect(text).not.toContain('verify?token=')
  })

  it('names stay readable', () => {
    expect(disarmed('Deploy v1.2 (eu-west-1), build #7')).toBe('Deploy v1.2 (eu-west-1), build #7')
    expect(disarmed('https://evil.example')).toBe('https[:]//evil[.]example')
  })
})
