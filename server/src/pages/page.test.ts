import { describe, expect, it } from 'vitest'
import { html, Markup } from './html.ts'
import { page, pageHeaders } from './page.ts'

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onfocus='alert(1)",
  '&lt;b&gt;',
  '</title><script>',
]

describe('security 227: text in pages', () => {
  it.each(hostile)('%s is inert between tags, in attributes and in the title', (text) => {
    const made = page({ base: '', title: text, body: html`<p title="${text}">${text}</p>`, facts: { name: text } })
    expect(made).not.toContain(text)
    expect(made.match(/<script/g)).toBeNull()
    expect(made).not.toMatch(/\son\w+=(?!.*&)/)
  })

  it('inserts markup and lists of markup as they are, and nothing for null and false', () => {
    const items = ['a', 'b'].map((text) => html`<li>${text}</li>`)
    expect(html`<ul>${items}</ul>${null}${false}${undefined}${new Markup('<hr>')}${7}`.text).toBe(
      '<ul><li>a</li><li>b</li></ul><hr>7',
    )
  })

  it('loads its module and style sheet from the own origin, with no inline code', () => {
    const made = page({ base: '', title: 'T', body: html`<p>x</p>`, script: 'device' })
    expect(made).toContain('<script type="module" src="/assets/device.js"></script>')
    expect(made).not.toMatch(/<style|style=|<script(?![^>]*src=)/)
    expect(pageHeaders['content-security-policy']).not.toContain('unsafe')
    expect(pageHeaders['content-security-policy']).toContain("frame-ancestors 'none'")
  })
})
