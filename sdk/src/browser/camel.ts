type CamelKey<Key> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : Key
type OwnKeys = 'metadata' | 'custom_claims'

/** A value of the wire as the browser SDK gives it: camelCase, and null is undefined. */
export type Camel<Value> = Value extends null
  ? undefined
  : Value extends readonly (infer Item)[]
    ? Camel<Item>[]
    : Value extends object
      ? { [Key in keyof Value as CamelKey<Key>]: Key extends OwnKeys ? Value[Key] : Camel<Value[Key]> }
      : Value

/** Renames keys at every level, but not the application's own inside `metadata` and `custom_claims`. */
export function camel<Value>(value: Value): Camel<Value> {
  if (Array.isArray(value)) return value.map(camel) as Camel<Value>
  if (value === null || typeof value !== 'object') return (value ?? undefined) as Camel<Value>
  const members = Object.entries(value).map(([key, member]) => [
    key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    /^(metadata|custom_claims)$/.test(key) ? member : camel(member),
  ])
  return Object.fromEntries(members)
}
