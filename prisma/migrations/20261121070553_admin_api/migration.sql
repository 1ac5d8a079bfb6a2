-- DropIndex
DROP INDEX "directory_tenant_id_idx";

-- AlterTable
ALTER TABLE "accounts" ADD COLUMN     "plan_changed_at" TIMESTAMPTZ(3),
ADD COLUMN     "previous_plan" TEXT;

-- AlterTable
ALTER TABLE "applications" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "users" ADD COLUMN     "hard_failures" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "hard_since" TIMESTAMPTZ(3),
ADD COLUMN     "locked_until" TIMESTAMPTZ(3),
ADD COLUMN     "soft_failures" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "soft_since" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "webhook_secrets" (
    "tenant_id" TEXT NOT NULL,
    "application_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "secret" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_secrets_pkey" PRIMARY KEY ("tenant_id","application_id","id")
);

-- CreateTable
CREATE TABLE "usage_totals" (
    "tenant_id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "api_calls" BIGINT NOT NULL DEFAULT 0,
    "active_users" INTEGER NOT NULL DEFAULT 0,
    "qr_sessions" INTEGER NOT NULL DEFAULT 0,
    "emails_sent" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "usage_totals_pkey" PRIMARY KEY ("tenant_id","period")
);

-- CreateTable
CREATE TABLE "active_users" (
    "tenant_id" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "period" TEXT NOT NULL,
    "folded" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "active_users_pkey" PRIMARY KEY ("tenant_id","user_id","period")
);

-- CreateTable
CREATE TABLE "usage_folds" (
    "instance" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_folds_pkey" PRIMARY KEY ("instance")
);

-- CreateIndex
CREATE INDEX "active_users_period_idx" ON "active_users"("period");

-- CreateIndex
CREATE INDEX "credentials_id_idx" ON "credentials" USING HASH ("id");

-- CreateIndex
CREATE INDEX "directory_tenant_id_id_idx" ON "directory"("tenant_id", "id");

-- CreateIndex
CREATE INDEX "sessions_id_idx" ON "sessions" USING HASH ("id");

-- CreateIndex
CREATE INDEX "users_id_idx" ON "users" USING HASH ("id");

-- AddForeignKey
ALTER TABLE "webhook_secrets" ADD CONSTRAINT "webhook_secrets_tenant_id_application_id_fkey" FOREIGN KEY ("tenant_id", "application_id") REFERENCES "applications"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand, because it is partial: sign-ins of the last minute that no total holds yet.
CREATE INDEX "active_users_unfolded_idx" ON "active_users"("tenant_id", "period") WHERE NOT "folded";

-- By hand, because it is partial: failures are few, and what is looked for.
CREATE INDEX "audit_logs_failures_idx" ON "audit_logs"("tenant_id", "id") WHERE NOT "success";

-- By hand, because they are partial or of an expression: each finds what one erased user left in a table.
CREATE INDEX "idempotency_records_user_idx" ON "idempotency_records"("tenant_id", "user_id") WHERE "user_id" IS NOT NULL;
CREATE INDEX "ceremonies_name_idx" ON "ceremonies"("tenant_id", "application_id", ("facts" ->> 'externalUserId'))
  WHERE "user_id" IS NULL AND "facts" ->> 'externalUserId' IS NOT NULL;
-- Without the tenant: denials of an end user lie in the trail of whoever was asked for.
CREATE INDEX "audit_logs_end_user_idx" ON "audit_logs"(("actor" ->> 'id')) WHERE "user_id" IS NULL AND "actor" ->> 'kind' = 'end_user';
CREATE INDEX "audit_logs_denied_resource_idx" ON "audit_logs"("tenant_id", ("metadata" ->> 'resource_id'))
  WHERE "event" = 'authorization.denied';

-- An application belongs to one tenant; unknown to the planner, it takes the two for independent and the wrong index for users.
CREATE STATISTICS "users_owner" (ndistinct, dependencies) ON "tenant_id", "application_id" FROM "users";

-- By hand, because they are partial: what the jobs look for is rare in its table.
CREATE INDEX "client_secrets_expiring_idx" ON "client_secrets"("expires_at") WHERE "expires_at" IS NOT NULL;
CREATE INDEX "webhook_secrets_expiring_idx" ON "webhook_secrets"("expires_at") WHERE "expires_at" IS NOT NULL;
CREATE INDEX "applications_deleted_idx" ON "applications"("deleted_at") WHERE "deleted_at" IS NOT NULL;
