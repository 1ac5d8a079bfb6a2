import { z } from 'zod'
import type { DocumentRow } from './surfaces/documents.ts'

const hourSeconds = 3600
const Url = z.string().meta({ format: 'uri' })

const CredentialTypes = z.object({ credential_types_supported: z.array(z.string()) })

const AgentAuth = z
  .object({
    skill: Url,
    identity_endpoint: Url.optional(),
    claim_endpoint: Url.optional(),
    identity_types_supported: z.array(z.string()),
    anonymous: CredentialTypes.optional(),
    service_auth: CredentialTypes.optional(),
    methods: z.array(z.object({ type: z.string(), endpoint: Url })),
  })
  .meta({ id: 'AgentAuth', description: 'How an agent gets credentials here.' })

const Metadata = z
  .looseObject({
    issuer: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    scopes_supported: z.array(z.string()),
    grant_types_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    token_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
    device_authorization_endpoint: Url.optional(),
    introspection_endpoint: Url.optional(),
    introspection_endpoint_auth_methods_supported: z.array(z.string()).optional(),
    introspection_endpoint_auth_signing_alg_values_supported: z.array(z.string()).optional(),
    revocation_endpoint: Url.optional(),
    revocation_endpoint_auth_methods_supported: z.array(z.string()).optional(),
    revocation_endpoint_auth_signing_alg_values_supported: z.array(z.string()).optional(),
    service_documentation: Url,
    agent_auth: AgentAuth,
  })
  .meta({ id: 'AuthorizationServerMetadata', description: 'RFC 8414 §2.' })

const ProtectedResource = z
  .object({
    resource: Url,
    authorization_servers: z.array(Url),
    bearer_methods_supported: z.array(z.string()),
    scopes_supported: z.array(z.string()),
    resource_name: z.string(),
    resource_documentation: Url,
  })
  .meta({ id: 'ProtectedResourceMetadata', description: 'RFC 9728 §2.' })

const PublicKey = z
  .looseObject({ kty: z.string(), kid: z.string(), use: z.literal('sig'), alg: z.enum(['ES256', 'RS256']) })
  .meta({ id: 'PublicKey', description: 'RFC 7517; public members only.' })

const Check = z.enum(['ok', 'pending', 'down', 'off'])

/** Routes that are no procedures (architecture.md §13): what OpenAPI says of them, and how they are served. */
export const documentTable = {
  'meta.health': {
    path: '/health',
    dialect: 'plain',
    summary: 'Tell that the process lives, whatever it depends on.',
    limit: [],
    cacheSeconds: 0,
    output: z.object({ status: z.literal('ok'), version: z.string() }),
  },
  'meta.ready': {
    path: '/ready',
    dialect: 'plain',
    summary: 'Tell whether the process should be sent requests.',
    limit: [],
    cacheSeconds: 0,
    output: z.object({ status: z.literal('ready') }),
    failure: {
      status: 503,
      description: 'It should not: it is stopping, or something it needs is away.',
      output: z.object({
        status: z.enum(['draining', 'not_ready']),
        checks: z.object({ database: Check, migrations: Check, redis: Check }),
      }),
    },
  },
  'meta.jwks': {
    path: '/.well-known/jwks.json',
    dialect: 'document',
    summary: 'Get the public keys that verify tokens.',
    limit: ['discovery'],
    cacheSeconds: hourSeconds,
    output: z.object({ keys: z.array(PublicKey) }),
  },
  'meta.authorization_server': {
    path: '/.well-known/oauth-authorization-server',
    dialect: 'document',
    summary: 'Get the authorization server metadata (RFC 8414).',
    limit: ['discovery'],
    cacheSeconds: hourSeconds,
    output: Metadata,
  },
  'meta.openid_configuration': {
    path: '/.well-known/openid-configuration',
    dialect: 'document',
    summary: 'Get the same metadata where clients of OpenID Connect Discovery look for it.',
    limit: ['discovery'],
    cacheSeconds: hourSeconds,
    output: Metadata,
  },
  'meta.protected_resource': {
    path: '/.well-known/oauth-protected-resource',
    dialect: 'document',
    summary: 'Get the metadata of the API as a protected resource (RFC 9728).',
    limit: ['discovery'],
    cacheSeconds: hourSeconds,
    output: ProtectedResource,
  },
  'meta.protected_resource_mcp': {
    path: '/.well-known/oauth-protected-resource/mcp',
    dialect: 'document',
    summary: 'Get the metadata of the MCP endpoint as a protected resource (RFC 9728).',
    limit: ['discovery'],
    cacheSeconds: hourSeconds,
    output: ProtectedResource,
  },
  'meta.auth_md': {
    path: '/auth.md',
    dialect: 'plain',
    summary: 'Read how an agent that knows only this address gets access.',
    limit: ['discovery'],
    cacheSeconds: hourSeconds,
    type: 'text/markdown',
    output: z.string(),
  },
  'meta.llms_txt': {
    path: '/llms.txt',
    dialect: 'plain',
    summary: 'Read what this server is and where everything stands, as a language model likes it.',
    limit: ['discovery'],
    cacheSeconds: hourSeconds,
    type: 'text/plain',
    output: z.string(),
  },
  'meta.related_origins': {
    path: '/.well-known/webauthn',
    dialect: 'document',
    summary: 'Get the origins that may use the passkeys of this host (WebAuthn L3 §5.11).',
    description: 'The host asked for is the RP ID; another host than that of an application has no related origins.',
    limit: ['discovery'],
    // An origin that was added or taken away must not wait for an hour.
    cacheSeconds: 300,
    output: z.object({ origins: z.array(z.string()) }),
  },
  'meta.secret_scanning': {
    path: '/.well-known/secret-scanning.json',
    dialect: 'document',
    summary: 'Get what secrets of this server look like, and where to report one that leaked.',
    limit: ['discovery'],
    cacheSeconds: hourSeconds,
    output: z.object({
      pattern: z.string().meta({ description: 'One regular expression for all.' }),
      patterns: z.array(z.object({ type: z.string(), description: z.string(), regex: z.string() })),
      checksum: z.object({
        algorithm: z.literal('crc32'),
        alphabet: z.string(),
        length: z.number().int(),
        description: z.string(),
      }),
      report_url: Url,
      rules: z.object({ gitleaks: z.string(), trufflehog: z.string() }),
    }),
  },
  'meta.openapi': {
    path: '/openapi.json',
    dialect: 'document',
    summary: 'Get this document.',
    limit: ['discovery'],
    cacheSeconds: hourSeconds,
    output: z.looseObject({ openapi: z.string() }),
  },
} as const satisfies Record<string, DocumentRow>

export type DocumentName = keyof typeof documentTable
