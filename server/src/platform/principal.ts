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

/** A program with a secret key of an account, limited by scope. */
export type Agent = Caller & { kind: 'agent'; scopes: ReadonlySet<string>; accountId: string }

/** What a person may do in an account: viewers read, admins change, owners also decide about the account. */
export type Role = 'viewer' | 'admin' | 'owner'

/** A member of an account, signed in to the dashboard; limited by role. */
export type User = Caller & { kind: 'user'; accountId: string; role: Role }

/** Whoever may call the admin API. */
export type Backend = Service | Agent | User

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
  actor?: Actor
}

export type Principal = Anonymous | Publishable | Backend | EndUser

export const anonymous: Anonymous = {
  kind: 'anonymous',
  id: 'anonymous',
  tenantId: null,
  applicationId: null,
  bucket: null,
}

/**
 * The kinds of authentication an endpoint may ask for; there is no default (http-api.md §1.2). `admin` is any backend's
 * credential; `dashboard` recognises the same ones, and only a person's gets past the policy.
 */
export type AuthKind = 'none' | 'publishable' | 'admin' | 'dashboard' | 'end_user'

export type PrincipalFor<Kind extends AuthKind> = Kind extends 'publishable'
  ? Publishable
  : Kind extends 'admin'
    ? Backend
    : Kind extends 'dashboard'
      ? User
      : Kind extends 'end_user'
        ? EndUser
        : Anonymous
