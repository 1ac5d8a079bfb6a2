-- CreateTable
CREATE TABLE "address_proofs" (
    "person_id" UUID NOT NULL,
    "address" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "address_proofs_pkey" PRIMARY KEY ("person_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "address_proofs_token_hash_key" ON "address_proofs"("token_hash");

-- CreateIndex
CREATE INDEX "address_proofs_expires_at_idx" ON "address_proofs"("expires_at");
