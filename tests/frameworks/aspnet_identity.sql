-- ASP.NET Core Identity 9 on PostgreSQL: IdentityUser as Npgsql.EntityFrameworkCore.PostgreSQL 9
-- makes it.
CREATE TABLE "AspNetUsers" (
    "Id" text NOT NULL,
    "UserName" character varying(256),
    "NormalizedUserName" character varying(256),
    "Email" character varying(256),
    "NormalizedEmail" character varying(256),
    "EmailConfirmed" boolean NOT NULL,
    "PasswordHash" text,
    "SecurityStamp" text,
    "ConcurrencyStamp" text,
    "PhoneNumber" text,
    "PhoneNumberConfirmed" boolean NOT NULL,
    "TwoFactorEnabled" boolean NOT NULL,
    "LockoutEnd" timestamp with time zone,
    "LockoutEnabled" boolean NOT NULL,
    "AccessFailedCount" integer NOT NULL,
    CONSTRAINT "PK_AspNetUsers" PRIMARY KEY ("Id")
);
CREATE INDEX "EmailIndex" ON "AspNetUsers" ("NormalizedEmail");
CREATE UNIQUE INDEX "UserNameIndex" ON "AspNetUsers" ("NormalizedUserName");

INSERT INTO "AspNetUsers" VALUES
    ('5b7a5d6e-0000-4000-8000-000000000001', 'alice', 'ALICE', 'alice@example.com',
     'ALICE@EXAMPLE.COM', TRUE, '', '', '', NULL, FALSE, FALSE, NULL, TRUE, 0),
    ('5b7a5d6e-0000-4000-8000-000000000002', 'bob', 'BOB', 'bob@example.com',
     'BOB@EXAMPLE.COM', FALSE, '', '', '', NULL, FALSE, FALSE, NULL, TRUE, 0),
    ('5b7a5d6e-0000-4000-8000-000000000003', 'carol', 'CAROL', 'carol@example.com',
     'CAROL@EXAMPLE.COM', TRUE, '', '', '', NULL, FALSE, FALSE, '2099-01-01 00:00:00+00', TRUE, 5),
    -- Locked out for ever: Npgsql writes DateTimeOffset.MaxValue as infinity.
    ('5b7a5d6e-0000-4000-8000-000000000004', 'dave', 'DAVE', 'dave@example.com',
     'DAVE@EXAMPLE.COM', TRUE, '', '', '', NULL, FALSE, FALSE, 'infinity', TRUE, 0);
