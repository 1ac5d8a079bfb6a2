import { ValidationError } from './errors.ts'

/** One row of the generated table. */
export type Operation = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `{name}` for each path parameter. */
  readonly path: string
  /** Absent: envelope (http-api.md §2.1). */
  readonly dialect?: 'plain' | 'oauth'
  /** Takes an `Idempotency-Key`. */
  readonly idempotent?: boolean
  readonly list?: 'cursor' | 'page'
  /** A whole list in one go. */
  readonly exports?: boolean
  /** Member of the input whose items may come one by one, and of the answer with their results. */
  readonly batches?: readonly [field: string, results: string]
  /** Query parameters of an operation that also has a body. */
  readonly query?: readonly string[]
  /** Needs no credential. */
  readonly open?: boolean
  /** Takes no input beside its path parameters. */
  readonly bare?: boolean
}

/** Operations nested as the methods of the client are. */
export type OperationTree = { readonly [name: string]: Operation | OperationTree }

type Input = Record<string, unknown>

/** A URL drops these as path segments, in any encoding, and would name another resource (WHATWG URL §4.4). */
const unsendable = /^\.{0,2}$/

/** Where a call goes: its path with the parameters filled in, its query, and its body if it has one. */
export function target(
  operation: Operation,
  params: string[],
  input: Input | undefined,
): { path: string; body?: Input } {
  let used = 0
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[used++]
    if (typeof value === 'string' && !unsendable.test(value)) return encodeURIComponent(value)
    throw new ValidationError('INVALID_ARGUMENT', 0, `${name}: must be a string other than "", "." and ".."`)
  })
  const query = new URLSearchParams()
  const body: Input = {}
  const bodiless = operation.method === 'GET' || operation.method === 'DELETE'
  for (const [name, value] of Object.entries(input ?? {})) {
    if (value === undefined) continue
    if (bodiless || operation.query?.includes(name)) query.append(name, String(value))
    else body[name] = value
  }
  const text = query.toString()
  return { path: text ? `${path}?${text}` : path, body: input && !bodiless ? body : undefined }
}
