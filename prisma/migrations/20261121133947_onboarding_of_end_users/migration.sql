-- Sign-ups live for half an hour; those that are under way are of people who get an account.
ALTER TABLE "hosted_onboardings"
ADD COLUMN     "tenant_id" TEXT NOT NULL DEFAULT 'org_000000000000000console',
ADD COLUMN     "application_id" TEXT NOT NULL DEFAULT 'app_000000000000000console',
ADD COLUMN     "client_id" TEXT NOT NULL DEFAULT 'cli_000000000000000console',
ADD COLUMN     "display_name" TEXT,
ADD COLUMN     "origin" TEXT;

ALTER TABLE "hosted_onboardings"
ALTER COLUMN "tenant_id" DROP DEFAULT,
ALTER COLUMN "application_id" DROP DEFAULT,
ALTER COLUMN "client_id" DROP DEFAULT;

-- CreateIndex
CREATE INDEX "hosted_onboardings_tenant_id_person_id_idx" ON "hosted_onboardings"("tenant_id", "person_id");
