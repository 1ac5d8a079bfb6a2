import { leftOut, server } from './left-out.ts'
import { type OpenApi, type Operation, operationsOf } from './operations.ts'
import { doc, type Schema, schemaText, typeName } from './schema-text.ts'

type Tree<Leaf> = { [name: string]: Leaf | Tree<Leaf> }

const indented = (text: string): string => text.replace(/\n(?=.)/g, '\n  ')
const camel = (text: string): string => text.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** `users.sessions.revoke_all` becomes `users: { sessions: { revokeAll } }`: one operation, one name. */
function tree(operations: Operation[], leaf: (operation: Operation) => string): Tree<string> {
  const root: Tree<string> = {}
  for (const operation of operations) {
    const names = operation.id.split('.').map(camel)
    const last = names.pop() as string
    let node = root
    for (const name of names) {
      node[name] ??= {}
      const next = node[name]
      if (typeof next === 'string') throw new Error(`${operation.id}: ${name} is an operation and a group`)
      node = next
    }
    if (node[last] !== undefined) throw new Error(`${operation.id} is declared twice`)
    node[last] = leaf(operation)
  }
  return root
}

function treeText(node: Tree<string>, group: (name: string, body: string) => string): string {
  const lines = Object.entries(node).map(([name, value]) =>
    typeof value === 'string' ? value : group(name, treeText(value, group)),
  )
  return `{\n  ${lines.map(indented).join('\n  ')}\n}`
}

function resultText({ list, exports, item, output }: Operation): string {
  if (exports) return `Export<${item}, ${exports.map((format) => `'${format}'`).join(' | ')}>`
  if (!list) return `Promise<${output}>`
  return list === 'cursor' ? `List<${item}>` : `List<${item}, ${output}>`
}

function methodText(operation: Operation): string {
  const { summary, method, path, batches, id } = operation
  const name = camel(id.slice(id.lastIndexOf('.') + 1))
  const parameters = operation.params.map((parameter) => `${camel(parameter)}: string`)
  if (operation.input) parameters.push(`input${operation.inputRequired ? '' : '?'}: ${operation.input}`)
  const says = doc(`${summary} \`${method} ${path}\``)
  const whole = `${says}${name}(${[...parameters, 'options?: CallOptions'].join(', ')}): ${resultText(operation)}`
  if (!batches) return whole
  const items = `${batches.field}: Iterable<${batches.item}> | AsyncIterable<${batches.item}>`
  return `${whole}\n/** The same for as many as there are, in constant memory; results come in their order. */\n${name}(${items}, options?: CallOptions): AsyncIterable<${batches.result}>`
}

function rowText(operation: Operation): string {
  const members = [`method: '${operation.method}'`, `path: '${operation.path}'`]
  if (operation.dialect !== 'envelope') members.push(`dialect: '${operation.dialect}'`)
  if (operation.idempotent) members.push('idempotent: true')
  if (operation.list) members.push(`list: '${operation.list}'`)
  if (operation.exports) members.push('exports: true')
  if (operation.batches) members.push(`batches: ['${operation.batches.field}', '${operation.batches.results}']`)
  if (operation.query.length > 0) members.push(`query: ${JSON.stringify(operation.query).replace(/"/g, "'")}`)
  if (operation.auth.includes('none')) members.push('open: true')
  if (!operation.input) members.push('bare: true')
  const name = camel(operation.id.slice(operation.id.lastIndexOf('.') + 1))
  return `${name}: { ${members.join(', ')} },`
}

function routeText(operation: Operation): string {
  return `'${operation.method} ${operation.path}': { input: ${operation.input ?? 'undefined'}; output: ${operation.output} }`
}

/** Components that the text uses, and those which these use in turn. */
function componentsText(text: string, components: Record<string, Schema>): string {
  const names = new Map(Object.keys(components).map((name) => [typeName(name), name]))
  const found = new Map<string, string>()
  const visit = (source: string): void => {
    for (const [type, name] of names) {
      if (found.has(type) || !new RegExp(`\\b${type}\\b`).test(source)) continue
      const schema = components[name] as Schema
      const body = schemaText(schema)
      found.set(type, `${doc(schema.description)}export type ${type} = ${body}\n`)
      visit(body)
    }
  }
  visit(text)
  return [...found.keys()]
    .sort()
    .map((type) => found.get(type))
    .join('\n')
}

/**
 * The source of `contract.gen.ts`: types and methods of the admin client, its operation table, and the routes the
 * browser client may call. Throws when the document lacks what the clients rely on.
 */
export function contractText(document: OpenApi): string {
  const operations = operationsOf(document)
  const admin = operations.filter(({ id, auth }) => auth.some((kind) => server.includes(kind)) && !(id in leftOut))
  const browser = operations.filter(({ auth }) => auth.includes('publishable') || auth.includes('end_user'))
  if (!document.components?.schemas?.ErrorCode) throw new Error('the document has no component ErrorCode')
  const methods = treeText(tree(admin, methodText), (name, body) => `${name}: ${body}`)
  const rows = treeText(tree(admin, rowText), (name, body) => `${name}: ${body},`)
  const routes = `{\n  ${browser.map((operation) => indented(routeText(operation))).join('\n  ')}\n}`
  const text = `// Generated from openapi.json by \`node sdk/generate.ts\`; edits are lost.
import type { CallOptions } from './admin/call.ts'
import type { Export } from './admin/export.ts'
import type { List } from './admin/list.ts'
import type { OperationTree } from './admin/operation.ts'

${componentsText(`ErrorCode ${methods} ${routes}`, document.components?.schemas ?? {})}
/** Methods of the admin client. Inputs and results have the fields of the HTTP API. */
export interface AdminApi ${methods}

export const adminOperations = ${rows} as const satisfies OperationTree

/** What the browser client may call, by method and path. */
export interface BrowserRoutes ${routes}
`
  return text.replace(/ +$/gm, '')
}
