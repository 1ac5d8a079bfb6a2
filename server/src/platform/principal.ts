import type { HotApplication } from '../applications/hot.ts'

/** Who calls, decided by the credential alone: ids in a body, query or other header never authenticate. */
export type Actor = { kind: PrincipalKind; id: string; acting_as_id?: string; chain?: { kind: string; id: string }[] }
export type PrincipalKind = 'anonymous' | 'service' | 'agent' | 'user' | 'end_user' | 'system'

/** Nobody in particular. */
export type Anonymous = {
  kind: 'anonymous'
  id: 'anonymous'
  tenantId: null
  applicationId: null
  bucket: null
  actor?: Actor
}

/** A browser that holds an application's publishable key and one of its origins. */
export type Publishable = {
  kind: 'anonymous'
  id: string
  clientId: string
  tenantId: string
  applicationId: string
  bucket: null
  origin: string | null
  /** Where the call is made inside a transaction, which must not wait for the cache. */
  application?: HotApplication
  actor?: Actor
}

/** What every caller of the admin API has: the one application that the call is about. */
type Caller = {
  id: string
  tenantId: string
  applicationId: string
  /** What per-credential limits count on: the token id, the client for Basic, the key, or the dashboard session. */
  bucket: string
  /** As the gate saw it: a command must not ask the cache again, whose load would wait for the command's transaction. */
  application: HotApplication
  actor?: Actor
}

/** A backend: one application of one tenant, limited by scope. */
export type Service = Caller & { kind: 'service'; scopes: ReadonlySet<string> }

/** What everybody who acts for an account has, before an application is chosen. */
type AccountCaller = {
  id: string
  accountId: string
  /** The account's oldest tenant, whose trail holds what belongs to the whole account. */
  tenantId: string
  applicationId: null
  bucket: string
  actor?: Actor
}

/** What limits a program with access to an account. */
type AgentRights = {
  scopes: ReadonlySet<string>
  accountId: string
  /** The secret key presented, or behind the token presented. */
  keyId: string | null
  /** Applications that it reaches; empty: every one of the account. */
  applicationIds: readonly string[]
  /** Addresses and ranges that its key may be used from; empty: any. */
  allowedIps: readonly string[]
  /** Keyed hash, in hex, of the secret presented: a key has two for a while. */
  secretHash?: string
  /** Who consented, where it came with a token of that consent. */
  personId?: string
}

/** A program with a secret key of an account, or with a token that a person consented to. */
export type AccountAgent = AccountCaller & AgentRights & { kind: 'agent' }

/** The same at work for one application. */
export type Agent = Caller & AgentRights & { kind: 'agent' }

/** What a person may do in an account: viewers read, admins change, owners also decide about the account. */
export type Role = 'viewer' | 'admin' | 'owner'

/** A member of an account, signed in to the dashboard. `id` is the person's user id in the console application. */
export type Person = AccountCaller & {
  kind: 'user'
  role: Role
  sessionId: string
  /** false: the account is on the wait-list, and the person may look at no more than that. */
  admitted: boolean
  /** Whether the person acts for whoever runs the server. */
  operator: boolean
}

/** The same at work for one application. */
export type User = Caller & { kind: 'user'; accountId: string; role: Role; sessionId: string; admitted: boolean }

/** Whoever may call the admin API. */
export type Backend = Service | Agent | User

/** Whoever acts for a whole account. */
export type AccountPrincipal = AccountAgent | Person

/** Whoever may call what is about applications: a program of one tenant, or somebody with an account. */
export type Manager = Service | AccountPrincipal

/** A signed-in end user of one application. */
export type EndUser = {
  kind: 'end_user'
  id: string
  clientId: string
  tenantId: string
  applicationId: string
  sessionId: string
  bucket: string
  /** null: anonymous */
  externalUserId: string | null
  expiresAt: Date
  claims: Readonly<Record<string, string | number | boolean>>
  /** The tenant whose trail has what is done, where it is not the user's own: that of a person's account. */
  recordedIn?: string
  actor?: Actor
}

export type Principal = Anonymous | Publishable | Backend | AccountPrincipal | EndUser

export const anonymous: Anonymous = {
  kind: 'anonymous',
  id: 'anonymous',
  tenantId: null,
  applicationId: null,
  bucket: null,
}

/**
 * The kinds of authentication an endpoint may ask for; there is no default (http-api.md §1.2). `admin` is any backend's
 * credential, at work for one application; `account` is a person's or a secret key's, for the account as a whole; `dashboard`
 * a person's; `manager` a program's of one tenant or somebody's with an account. The last three recognise every backend's
 * credential, and the policy refuses those that it leaves out.
 */
export type AuthKind = 'none' | 'publishable' | 'admin' | 'account' | 'dashboard' | 'manager' | 'end_user'

type PrincipalByKind = {
  none: Anonymous
  publishable: Publishable
  admin: Backend
  account: AccountPrincipal
  dashboard: Person
  manager: Manager
  end_user: EndUser
}

export type PrincipalFor<Kind extends AuthKind> = PrincipalByKind[Kind]
