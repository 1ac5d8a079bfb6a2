/**
 * One array of the report. Where rows come from and what of them is shown is SQL over the table as `t` and these
 * parameters: `$1` tenant, `$2` user, `$3` application, `$4` external id.
 */
export type Part = {
  table: string
  /** Conditions beside the tenant's, each by an index of its own; no row meets two of them. */
  where: readonly string[]
  /** The rows are not the tenant's alone. */
  everywhere?: true
  /** Members, and what they are made of. */
  shows: Readonly<Record<string, string>>
  /** Columns that are not shown, and why: a test holds both lists against the schema. */
  leftOut: Readonly<Record<string, string>>
}

const time = (column: string): string => `to_char(t.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const base64url = (column: string): string => `rtrim(translate(encode(t.${column}, 'base64'), E'+/\\n', '-_'), '=')`

const ofUser = 't.user_id = $2::uuid'
const caller = 'the tenant and application of whoever asks'
const theUser = 'the user that all of this is about'

/** Whether somebody else did it: a person's address and id are that person's data, not the user's. */
const byAnother = `(t.actor ->> 'kind' in ('user', 'end_user') and t.actor ->> 'id' is distinct from $2::text)`
const denied = `t.event = 'authorization.denied'`

/** The user itself; taken from the row that the report locks. */
export const profile = {
  table: 'users',
  shows: {
    id: 't.id',
    external_user_id: 't.external_user_id',
    status: 't.status',
    created_at: time('created_at'),
    updated_at: time('updated_at'),
    metadata: 't.metadata',
    custom_claims: 't.custom_claims',
    authenticated_at: time('authenticated_at'),
    lockout: `json_build_object(
      'locked_until', ${time('locked_until')},
      'soft_failures', t.soft_failures, 'soft_since', ${time('soft_since')},
      'hard_failures', t.hard_failures, 'hard_since', ${time('hard_since')})`,
  },
  leftOut: { tenant_id: caller, application_id: caller },
} as const satisfies Omit<Part, 'where'>

/** Every array of the report that has rows in this version. */
export const parts = {
  credentials: {
    table: 'credentials',
    where: [ofUser],
    shows: {
      credential_id: 't.id',
      status: 't.status',
      alias: 't.alias',
      transports: 't.transports',
      attestation_type: 't.attestation_type',
      aaguid: 't.aaguid',
      backup_eligible: 't.backup_eligible',
      backup_state: 't.backup_state',
      created_at: time('created_at'),
      last_used_at: time('last_used_at'),
      revoked_at: time('revoked_at'),
      webauthn_id: base64url('webauthn_id'),
      rp_id: 't.rp_id',
      algorithm: 't.algorithm',
      sign_count: 't.sign_count',
      attachment: 't.attachment',
      discoverable: 't.discoverable',
      uv_initialized: 't.uv_initialized',
      extensions: 't.extensions',
    },
    leftOut: {
      tenant_id: caller,
      application_id: caller,
      user_id: theUser,
      public_key: 'key material (http-api.md §3.5)',
      attestation_object: 'evidence of the registration, with the public key in it',
      client_data_json: 'evidence of the registration: the challenge, and the origin that the audit log and rp_id tell',
    },
  },
  identifiers: {
    table: 'identifiers',
    where: [ofUser],
    shows: { id: 't.id', type: 't.type', value: 't.value', verified: 't.verified', linked_at: time('linked_at') },
    leftOut: { tenant_id: caller, application_id: caller, user_id: theUser },
  },
  sessions: {
    table: 'sessions',
    where: [ofUser],
    shows: {
      id: 't.id',
      method: 't.method',
      credential_id: 't.credential_id',
      ip_address: 't.ip_address',
      user_agent: 't.user_agent',
      created_at: time('created_at'),
      last_seen_at: time('last_seen_at'),
      expires_at: time('expires_at'),
      revoked_at: time('revoked_at'),
    },
    leftOut: { tenant_id: caller, application_id: caller, user_id: theUser },
  },
  onboardings: {
    table: 'hosted_onboardings',
    where: ['t.person_id = $2::uuid'],
    shows: {
      id: 't.id',
      status: 't.status',
      display_name: 't.display_name',
      email: 't.address',
      origin: 't.origin',
      created_at: time('created_at'),
      expires_at: time('expires_at'),
    },
    leftOut: {
      tenant_id: caller,
      application_id: caller,
      client_id: caller,
      person_id: theUser,
      user_role: 'an end user, whenever there is a report',
      company_name: 'not asked of an end user',
      ceremony_id: 'not used',
      page_hash: 'a hash of the page’s cookie',
      return_url: "the application's own page",
      refresh_url: "the application's own page",
    },
  },
  ceremonies: {
    table: 'ceremonies',
    where: [ofUser, `t.user_id is null and t.application_id = $3 and t.facts ->> 'externalUserId' = $4`],
    shows: {
      id: 't.id',
      kind: 't.kind',
      external_user_id: `t.facts ->> 'externalUserId'`,
      rp_id: `t.facts ->> 'rpId'`,
      credential_ids: `coalesce(nullif(t.facts -> 'allowed', 'null'), '[]')`,
      created_at: time('created_at'),
      expires_at: time('expires_at'),
    },
    leftOut: {
      tenant_id: caller,
      application_id: caller,
      user_id: theUser,
      challenge: 'a secret until it is used or expires',
    },
  },
  active_months: {
    table: 'active_users',
    where: [ofUser],
    shows: { period: 't.period' },
    leftOut: { tenant_id: caller, user_id: theUser, folded: 'whether the month is in a total yet' },
  },
  idempotency_records: {
    table: 'idempotency_records',
    where: [ofUser, `t.scope = $3 || ' ' || $2::text`],
    shows: {
      operation: 't.operation',
      key: 't.key',
      status: 't.status',
      created_at: time('created_at'),
      expires_at: time('expires_at'),
    },
    leftOut: {
      tenant_id: caller,
      scope: caller,
      user_id: theUser,
      request_hash: 'a hash that requests are compared by',
      body: 'an answer given before, of what is shown here; encrypted where it holds a secret',
    },
  },
  audit_logs: {
    table: 'audit_logs',
    where: [
      `t.tenant_id = $1 and ${ofUser}`,
      `t.user_id is null and t.actor ->> 'kind' = 'end_user' and t.actor ->> 'id' = $2::text`,
      `t.tenant_id = $1 and ${denied} and t.user_id is null and (t.actor ->> 'id') is distinct from $2::text
        and t.metadata ->> 'resource_id' = any(array(
          select $2::text union all select id from credentials where tenant_id = $1 and user_id = $2::uuid
          union all select id::text from sessions where tenant_id = $1 and user_id = $2::uuid))`,
    ],
    everywhere: true,
    shows: {
      id: 't.id',
      event: 't.event',
      category: 't.category',
      success: 't.success',
      ip_address: `case when not ${byAnother} then t.ip_address end`,
      user_agent: `case when not ${byAnother} then t.user_agent end`,
      request_id: 't.request_id',
      actor: `case when ${byAnother} then jsonb_build_object('kind', t.actor ->> 'kind') else t.actor end`,
      // Whose a foreign thing is, and that there is one, is for its owner alone (http-api.md §1.4).
      metadata: `t.metadata - case when ${byAnother} then '{by,principal_id,resource_tenant_id}'::text[]
        when ${denied} then '{resource_tenant_id}'::text[] else '{}'::text[] end`,
      created_at: time('created_at'),
    },
    leftOut: { tenant_id: caller, application_id: caller, user_id: theUser },
  },
} as const satisfies Record<string, Part>

export type PartName = keyof typeof parts
