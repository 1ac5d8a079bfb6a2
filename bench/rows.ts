import type { RowName } from './targets.ts'

export const TITLES: Record<RowName, string> = {
  http: 'one HTTP turn, JSON in and out',
  ceremony: 'passkey sign-in (2 calls)',
  token: 'client_credentials, ES256 JWT',
  'get-user': 'GET /v1/users/:id',
  'create-user': 'POST /v1/users',
}

export const ROW_NAMES = Object.keys(TITLES) as RowName[]

export type Comparison = { row: RowName; of: string; to: string; atLeast?: number }

const POSTGRES = ['trymellon, PostgreSQL', 'trymellon, PostgreSQL, limits off']
const PGLITE = ['trymellon, PGlite', 'trymellon, PGlite, limits off']

const compare = (row: RowName, names: string[], to: string, atLeast?: number): Comparison[] =>
  names.map((of) => ({ row, of, to, atLeast }))

/** What is held against what, and the target where there is one. */
export const COMPARISONS: Comparison[] = [
  ...compare('ceremony', POSTGRES, 'better-auth, PostgreSQL', 8),
  ...compare('ceremony', POSTGRES, 'floor, PostgreSQL', 0.5),
  ...compare('ceremony', ['floor, PostgreSQL'], 'better-auth, PostgreSQL'),
  ...compare('ceremony', PGLITE, 'better-auth, SQLite', 3),
  ...compare('ceremony', PGLITE, 'floor, PGlite'),
  ...compare('ceremony', ['floor, PGlite'], 'better-auth, SQLite'),
  ...compare('token', [...POSTGRES, ...PGLITE], 'oidc-provider, memory', 2),
  ...compare('get-user', POSTGRES, 'floor users, PostgreSQL', 0.35),
  ...compare('get-user', PGLITE, 'floor users, PGlite'),
  ...compare('create-user', POSTGRES, 'floor users, PostgreSQL'),
  ...compare('create-user', PGLITE, 'floor users, PGlite'),
]
