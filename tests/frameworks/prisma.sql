-- Prisma 6 on PostgreSQL: `model User` with `id String @id @default(cuid())`, and `model Member`
-- with `id String @id @default(uuid()) @db.Uuid`.
CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "isActive" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
CREATE TABLE "Member" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "isActive" BOOLEAN NOT NULL DEFAULT true,
    CONSTRAINT "Member_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Member_email_key" ON "Member"("email");

INSERT INTO "User" ("id", "email", "isActive") VALUES
    ('cm3q9x0000000abcdefghijkl', 'alice@example.com', true),
    ('cm3q9x0000001abcdefghijkl', 'bob@example.com', false);
INSERT INTO "Member" ("id", "email", "isActive") VALUES
    ('0b54f3c2-0000-4000-8000-000000000001', 'alice@example.com', true),
    ('0b54f3c2-0000-4000-8000-000000000002', 'bob@example.com', false);
