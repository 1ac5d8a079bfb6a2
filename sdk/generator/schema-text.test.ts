import { describe, expect, it } from 'vitest'
import { doc, type Schema, schemaText, typeName } from './schema-text.ts'

const text: Schema = { type: 'string' }

describe('schemaText', () => {
  it.each<[Schema, string]>([
    [{}, 'unknown'],
    [{ type: 'integer' }, 'number'],
    [{ type: 'null' }, 'null'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ const: "it's" }, "'it\\'s'"],
    [{ const: true }, 'true'],
    [{ enum: ['a', 1, null] }, "'a' | 1 | null"],
    [{ anyOf: [text, { type: 'number' }, { type: 'integer' }] }, 'string | number'],
    [{ allOf: [{ $ref: '#/components/schemas/a' }, { oneOf: [text, { type: 'null' }] }] }, 'A & (string | null)'],
    [{ type: 'array', items: { enum: ['a', 'b'] } }, "('a' | 'b')[]"],
    [{ type: 'array', items: { type: 'object', properties: { a: { enum: [1, 2] } } } }, '{ a?: 1 | 2 }[]'],
    [{ type: 'array' }, 'unknown[]'],
    [{ prefixItems: [text, { type: 'number' }] }, '[string, number]'],
    [{ type: 'object' }, 'Record<string, unknown>'],
    [{ type: 'object', additionalProperties: false }, 'Record<string, never>'],
    [{ type: 'object', additionalProperties: text }, 'Record<string, string>'],
    [{ properties: { 'a-b': text, c: text }, required: ['c'] }, "{ 'a-b'?: string; c: string }"],
    [
      { properties: { a: text }, required: ['a'], additionalProperties: true },
      '{ a: string } & Record<string, unknown>',
    ],
  ])('of %j is %s', (schema, expected) => {
    expect(schemaText(schema)).toBe(expected)
  })

  it('breaks what does not fit on a line', () => {
    const names = Array.from({ length: 9 }, (_, n) => `a_rather_long_name_${n}`)
    expect(schemaText({ enum: names })).toMatch(/^\n {2}\| 'a_rather_long_name_0'\n {2}\| /)
    const properties = Object.fromEntries(names.map((name) => [name, text]))
    expect(schemaText({ properties })).toMatch(/^\{\n {2}a_rather_long_name_0\?: string\n {2}a_/)
  })

  it('refuses a reference that it cannot follow', () => {
    expect(() => schemaText({ $ref: 'other.json#/a' })).toThrow('unsupported reference')
  })
})

describe('doc', () => {
  it('stays one comment', () => {
    expect(doc('ends */ here\n  and goes on')).toBe('/** ends * / here and goes on */\n')
    expect(doc(undefined)).toBe('')
  })
})

describe('typeName', () => {
  it.each([
    ['audit_log', 'AuditLog'],
    ['User', 'User'],
    ['error.BAD-thing', 'ErrorBADThing'],
  ])('of %s is %s', (component, name) => {
    expect(typeName(component)).toBe(name)
  })
})
