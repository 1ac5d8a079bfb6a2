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

/** A backend: one application of one tenant, limited by scope. */
export type Service = {
  kind: 'service'
  id: string
  tenantId: string
  applicationId: string
  scopes: ReadonlySet<string>
  /** What per-credential limits count on: the token id, or the client for Basic. */
  bucket: string
  /** As the gate saw it: a command must not ask the cache again, whose load would wait for the command's transaction. */
  application: HotApplication
  actor?: Actor
}

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

export type Principal = Anonymous | Publishable | Service | EndUser

export const anonymous: Anonymous = {
  kind: 'anonymous',
  id: 'anonymous',
  tenantId: null,
  applicationId: null,
  bucket: null,
}

/** The kinds of authentication an endpoint may ask for; there is no default (http-api.md §1.2). */
export type AuthKind = 'none' | 'publishable' | 'admin' | 'end_user'

export type PrincipalFor<Kind extends AuthKind> = Kind extends 'publishable'
  ? Publishable
  : Kind extends 'admin'
    ? Service
    : Kind extends 'end_user'
      ? EndUser
      : Anonymous
