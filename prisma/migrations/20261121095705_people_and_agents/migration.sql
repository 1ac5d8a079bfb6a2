-- AlterTable
ALTER TABLE "accounts" ADD COLUMN     "name" TEXT;

-- AlterTable
ALTER TABLE "tenants" ADD COLUMN     "claim_hash" BYTEA;

-- CreateTable
CREATE TABLE "members" (
    "account_id" TEXT NOT NULL,
    "person_id" UUID NOT NULL,
    "role" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "members_pkey" PRIMARY KEY ("account_id","person_id")
);

-- CreateTable
CREATE TABLE "hosted_onboardings" (
    "id" TEXT NOT NULL,
    "user_role" TEXT NOT NULL,
    "page_hash" BYTEA,
    "company_name" TEXT,
    "address" TEXT,
    "return_url" TEXT,
    "refresh_url" TEXT,
    "status" TEXT NOT NULL,
    "ceremony_id" UUID,
    "person_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hosted_onboardings_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agents" (
    "account_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "scopes" TEXT[],
    "application_ids" TEXT[],
    "client_id" TEXT,
    "approved_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "agents_pkey" PRIMARY KEY ("account_id","id")
);

-- CreateTable
CREATE TABLE "secret_keys" (
    "account_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "preview" TEXT NOT NULL,
    "scopes" TEXT[],
    "application_ids" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "last_used_ip" TEXT,
    "last_used_user_agent" TEXT,
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_reason" TEXT,
    "warned_at" TIMESTAMPTZ(3),

    CONSTRAINT "secret_keys_pkey" PRIMARY KEY ("account_id","id")
);

-- CreateTable
CREATE TABLE "secret_key_versions" (
    "hash" BYTEA NOT NULL,
    "account_id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "pepper_id" TEXT NOT NULL,
    "preview" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "secret_key_versions_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "agent_registrations" (
    "id" UUID NOT NULL,
    "address" TEXT NOT NULL,
    "agent_name" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "secret_hash" BYTEA,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "locked_until" TIMESTAMPTZ(3),
    "ip_address" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),
    "voided_at" TIMESTAMPTZ(3),

    CONSTRAINT "agent_registrations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device_requests" (
    "id" UUID NOT NULL,
    "device_hash" BYTEA NOT NULL,
    "user_hash" BYTEA NOT NULL,
    "client_id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "agent_name" TEXT,
    "scopes" TEXT[],
    "resource" TEXT,
    "issue_secret_key" BOOLEAN NOT NULL,
    "claim_tenant_id" TEXT,
    "ip_address" TEXT NOT NULL,
    "user_agent" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "interval" INTEGER NOT NULL,
    "last_accepted_poll" BIGINT,
    "status" TEXT NOT NULL,
    "decided_at" TIMESTAMPTZ(3),
    "person_id" UUID,
    "session_id" UUID,
    "account_id" TEXT,
    "credential_id" TEXT,
    "granted_scopes" TEXT[],
    "application_ids" TEXT[],
    "key_expires_at" TIMESTAMPTZ(3),
    "redeemed_at" TIMESTAMPTZ(3),

    CONSTRAINT "device_requests_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "mails" (
    "id" UUID NOT NULL,
    "content" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL,
    "last_error" TEXT,

    CONSTRAINT "mails_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "revoked_tokens" (
    "jti" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "revoked_tokens_pkey" PRIMARY KEY ("jti")
);

-- CreateIndex
CREATE INDEX "members_person_id_idx" ON "members"("person_id");

-- CreateIndex
CREATE INDEX "hosted_onboardings_expires_at_idx" ON "hosted_onboardings"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "agents_id_key" ON "agents"("id");

-- CreateIndex
CREATE UNIQUE INDEX "secret_keys_id_key" ON "secret_keys"("id");

-- CreateIndex
CREATE INDEX "secret_keys_expires_at_idx" ON "secret_keys"("expires_at");

-- CreateIndex
CREATE INDEX "secret_keys_account_id_agent_id_idx" ON "secret_keys"("account_id", "agent_id");

-- CreateIndex
CREATE INDEX "client_secrets_hash_idx" ON "client_secrets"("hash");

-- CreateIndex
CREATE INDEX "secret_key_versions_expires_at_created_at_idx" ON "secret_key_versions"("expires_at", "created_at");

-- CreateIndex
CREATE INDEX "secret_key_versions_account_id_key_id_idx" ON "secret_key_versions"("account_id", "key_id");

-- CreateIndex
CREATE UNIQUE INDEX "agent_registrations_token_hash_key" ON "agent_registrations"("token_hash");

-- CreateIndex
CREATE INDEX "agent_registrations_address_idx" ON "agent_registrations"("address");

-- CreateIndex
CREATE INDEX "agent_registrations_expires_at_idx" ON "agent_registrations"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "device_requests_device_hash_key" ON "device_requests"("device_hash");

-- CreateIndex
CREATE INDEX "device_requests_expires_at_idx" ON "device_requests"("expires_at");

-- CreateIndex
CREATE INDEX "device_requests_claim_tenant_id_idx" ON "device_requests"("claim_tenant_id");

-- CreateIndex
CREATE INDEX "device_requests_session_id_idx" ON "device_requests"("session_id");

-- CreateIndex
CREATE INDEX "mails_next_attempt_at_idx" ON "mails"("next_attempt_at");

-- CreateIndex
CREATE INDEX "revoked_tokens_expires_at_idx" ON "revoked_tokens"("expires_at");

-- CreateIndex
CREATE INDEX "revoked_tokens_client_id_idx" ON "revoked_tokens"("client_id");

-- CreateIndex
CREATE UNIQUE INDEX "tenants_claim_hash_key" ON "tenants"("claim_hash");

-- AddForeignKey
ALTER TABLE "members" ADD CONSTRAINT "members_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "agents" ADD CONSTRAINT "agents_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "secret_keys" ADD CONSTRAINT "secret_keys_account_id_agent_id_fkey" FOREIGN KEY ("account_id", "agent_id") REFERENCES "agents"("account_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "secret_key_versions" ADD CONSTRAINT "secret_key_versions_account_id_key_id_fkey" FOREIGN KEY ("account_id", "key_id") REFERENCES "secret_keys"("account_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AlterTable
ALTER TABLE "agents" ADD COLUMN     "resource" TEXT;

-- CreateTable
CREATE TABLE "registered_clients" (
    "id" TEXT NOT NULL,
    "name" TEXT,
    "redirect_uris" TEXT[],
    "grant_types" TEXT[],
    "auth_method" TEXT NOT NULL,
    "secret_hash" BYTEA,
    "scope" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "registered_clients_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "authorization_codes" (
    "hash" BYTEA NOT NULL,
    "client_id" TEXT NOT NULL,
    "redirect_uri" TEXT NOT NULL,
    "code_challenge" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "person_id" UUID NOT NULL,
    "scopes" TEXT[],
    "resource" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "family_id" UUID,

    CONSTRAINT "authorization_codes_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "refresh_tokens" (
    "hash" BYTEA NOT NULL,
    "family_id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "person_id" UUID NOT NULL,
    "scopes" TEXT[],
    "resource" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "refresh_tokens_pkey" PRIMARY KEY ("hash")
);

-- CreateIndex
CREATE INDEX "registered_clients_created_at_idx" ON "registered_clients"("created_at");

-- CreateIndex
CREATE INDEX "authorization_codes_expires_at_idx" ON "authorization_codes"("expires_at");

-- CreateIndex
CREATE INDEX "refresh_tokens_family_id_idx" ON "refresh_tokens"("family_id");

-- CreateIndex
CREATE INDEX "refresh_tokens_expires_at_idx" ON "refresh_tokens"("expires_at");

-- By hand, because it is partial: a user code must be unique among those that can still be entered.
CREATE UNIQUE INDEX "device_requests_live_code_key" ON "device_requests"("user_hash") WHERE "status" = 'pending';

-- By hand, because they are partial: what the jobs look for is rare in its table.
CREATE INDEX "secret_keys_expiring_idx" ON "secret_keys"("expires_at") WHERE "expires_at" IS NOT NULL AND "revoked_at" IS NULL;
CREATE INDEX "secret_key_versions_expiring_idx" ON "secret_key_versions"("expires_at") WHERE "expires_at" IS NOT NULL;
