-- PostgreSQL 15 and later, and PGlite. Changed by hand where a comment says so.

-- CreateTable
CREATE TABLE "applications" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "allowed_origins" TEXT[] NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "applications_pkey" PRIMARY KEY ("tenant_id","id")
);

-- `/.well-known/webauthn` is public and looks applications up by their RP ID.
CREATE INDEX "applications_rp_id_idx" ON "applications" (("settings"->>'rp_id')) WHERE "settings"->>'rp_id' IS NOT NULL;

-- CreateTable
CREATE TABLE "client_secrets" (
    "tenant_id" TEXT NOT NULL,
    "application_id" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "preview" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "client_secrets_pkey" PRIMARY KEY ("tenant_id","application_id","hash")
);

-- CreateTable
CREATE TABLE "audit_logs" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "application_id" TEXT,
    "event" TEXT NOT NULL,
    "category" TEXT NOT NULL,
    "success" BOOLEAN NOT NULL,
    "user_id" UUID,
    "actor" JSONB NOT NULL,
    "ip_address" TEXT,
    "user_agent" TEXT,
    "request_id" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "audit_logs_pkey" PRIMARY KEY ("tenant_id","id")
) PARTITION BY RANGE ("id");
-- By hand: the id is a UUIDv7, so a month is a range of ids, and the id is cursor, order, time filter and partition key
-- at once. Partitions are made at start and by a job, three months ahead. No default partition: it would forbid
-- `detach concurrently`. No foreign key to users: the trail outlives them.

-- CreateTable
CREATE TABLE "credentials" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "application_id" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "webauthn_id" BYTEA NOT NULL,
    "rp_id" TEXT NOT NULL,
    "public_key" BYTEA NOT NULL,
    "algorithm" INTEGER NOT NULL,
    "sign_count" BIGINT NOT NULL,
    "transports" TEXT[] NOT NULL,
    "aaguid" UUID NOT NULL,
    "attestation_type" TEXT NOT NULL,
    "attachment" TEXT,
    "backup_eligible" BOOLEAN NOT NULL,
    "backup_state" BOOLEAN NOT NULL,
    "uv_initialized" BOOLEAN NOT NULL,
    "discoverable" BOOLEAN,
    "extensions" JSONB NOT NULL DEFAULT '{}',
    "attestation_object" BYTEA NOT NULL,
    "client_data_json" BYTEA NOT NULL,
    "alias" TEXT,
    "status" TEXT NOT NULL DEFAULT 'active',
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "credentials_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "ceremonies" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "application_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "user_id" UUID,
    "challenge" BYTEA NOT NULL,
    "facts" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ceremonies_pkey" PRIMARY KEY ("tenant_id","id")
);

-- Erasure finds a user's ceremonies by it; those that name nobody need no place.
CREATE INDEX "ceremonies_user_idx" ON "ceremonies" ("tenant_id", "user_id", "id") WHERE "user_id" IS NOT NULL;

-- CreateTable
CREATE TABLE "directory" (
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,

    CONSTRAINT "directory_pkey" PRIMARY KEY ("kind","key")
);

-- CreateTable
CREATE TABLE "idempotency_records" (
    "tenant_id" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "status" INTEGER,
    "body" BYTEA,
    "user_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_records_pkey" PRIMARY KEY ("tenant_id","scope","operation","key")
);

-- CreateTable
CREATE TABLE "signing_keys" (
    "kid" TEXT NOT NULL,
    "algorithm" TEXT NOT NULL,
    "public_jwk" JSONB NOT NULL,
    "private_key" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("kid")
);

-- One key of an algorithm signs for good: instances that start at once on an empty table agree on it.
CREATE UNIQUE INDEX "signing_keys_lasting" ON "signing_keys" ("algorithm") WHERE "retired_at" IS NULL;

-- CreateTable
CREATE TABLE "tombstones" (
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tombstones_pkey" PRIMARY KEY ("kind","key")
);

-- CreateTable
CREATE TABLE "rate_limits" (
    "key" VARCHAR(255) NOT NULL,
    "points" INTEGER NOT NULL DEFAULT 0,
    "expire" BIGINT,

    CONSTRAINT "rate_limits_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "sessions" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "application_id" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "method" TEXT NOT NULL,
    "credential_id" TEXT,
    "ip_address" TEXT,
    "user_agent" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "accounts" (
    "id" TEXT NOT NULL,
    "plan" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tenants" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "user_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "claimed_at" TIMESTAMPTZ(3),
    "last_active_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tenants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "application_id" TEXT NOT NULL,
    "external_user_id" TEXT,
    "status" TEXT NOT NULL DEFAULT 'active',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "custom_claims" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "authenticated_at" TIMESTAMPTZ(3),

    CONSTRAINT "users_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "identifiers" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "application_id" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "verified" BOOLEAN NOT NULL,
    "linked_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "identifiers_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateIndex
CREATE INDEX "audit_logs_tenant_id_application_id_id_idx" ON "audit_logs"("tenant_id", "application_id", "id");

-- CreateIndex
CREATE INDEX "audit_logs_tenant_id_event_id_idx" ON "audit_logs"("tenant_id", "event", "id");

-- By hand, because it is partial: report and erasure of one user.
CREATE INDEX "audit_logs_tenant_id_user_id_id_idx" ON "audit_logs"("tenant_id", "user_id", "id") WHERE "user_id" IS NOT NULL;

-- CreateIndex
CREATE INDEX "credentials_tenant_id_user_id_id_idx" ON "credentials"("tenant_id", "user_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "credentials_tenant_id_application_id_rp_id_webauthn_id_key" ON "credentials"("tenant_id", "application_id", "rp_id", "webauthn_id");

-- CreateIndex
CREATE INDEX "ceremonies_expires_at_idx" ON "ceremonies"("expires_at");

-- CreateIndex
CREATE INDEX "directory_tenant_id_idx" ON "directory"("tenant_id");

-- CreateIndex
CREATE INDEX "idempotency_records_expires_at_idx" ON "idempotency_records"("expires_at");

-- CreateIndex
CREATE INDEX "rate_limits_expire_idx" ON "rate_limits"("expire");

-- CreateIndex
CREATE INDEX "sessions_tenant_id_user_id_id_idx" ON "sessions"("tenant_id", "user_id", "id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE INDEX "tenants_account_id_idx" ON "tenants"("account_id");

-- CreateIndex
CREATE INDEX "tenants_last_active_at_idx" ON "tenants"("last_active_at");

-- CreateIndex
CREATE INDEX "users_tenant_id_application_id_id_idx" ON "users"("tenant_id", "application_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "users_tenant_id_application_id_external_user_id_key" ON "users"("tenant_id", "application_id", "external_user_id");

-- CreateIndex
CREATE INDEX "identifiers_tenant_id_user_id_idx" ON "identifiers"("tenant_id", "user_id");

-- CreateIndex
CREATE UNIQUE INDEX "identifiers_tenant_id_application_id_type_value_key" ON "identifiers"("tenant_id", "application_id", "type", "value");

-- AddForeignKey
ALTER TABLE "applications" ADD CONSTRAINT "applications_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "client_secrets" ADD CONSTRAINT "client_secrets_tenant_id_application_id_fkey" FOREIGN KEY ("tenant_id", "application_id") REFERENCES "applications"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- By hand from here on: bounds that no code may cross.

-- Kept counts never go below nothing.
ALTER TABLE "tenants" ADD CONSTRAINT "tenants_user_count_check" CHECK ("user_count" >= 0);

-- WebAuthn L3: a signature counter is an unsigned 32-bit number (§6.1), a credential id at most 1023 bytes (§4).
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_sign_count_check" CHECK ("sign_count" BETWEEN 0 AND 4294967295);
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_webauthn_id_check" CHECK (octet_length("webauthn_id") BETWEEN 1 AND 1023);

-- WebAuthn L3 §13.4.3: a challenge has at least 16 bytes.
ALTER TABLE "ceremonies" ADD CONSTRAINT "ceremonies_challenge_check" CHECK (octet_length("challenge") >= 16);
