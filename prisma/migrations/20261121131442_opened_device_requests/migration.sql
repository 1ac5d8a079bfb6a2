-- AlterTable
ALTER TABLE "device_requests" ADD COLUMN     "opened_by" UUID;

-- CreateIndex
CREATE INDEX "device_requests_opened_by_idx" ON "device_requests"("opened_by");

-- CreateIndex
CREATE INDEX "device_requests_person_id_idx" ON "device_requests"("person_id");

-- CreateIndex
CREATE INDEX "device_requests_client_id_idx" ON "device_requests"("client_id");
