-- Rails 8 with Devise 4.9 on PostgreSQL: the migration of `rails generate devise User`. Nobody is
-- inactive; whoever may not log in any more is deleted.
CREATE TABLE users (
    id bigserial PRIMARY KEY,
    email character varying DEFAULT '' NOT NULL,
    encrypted_password character varying DEFAULT '' NOT NULL,
    reset_password_token character varying,
    reset_password_sent_at timestamp(6) without time zone,
    remember_created_at timestamp(6) without time zone,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);
CREATE UNIQUE INDEX index_users_on_email ON users USING btree (email);
CREATE UNIQUE INDEX index_users_on_reset_password_token ON users USING btree (reset_password_token);

INSERT INTO users (email, created_at, updated_at) VALUES
    ('alice@example.com', '2026-01-01', '2026-01-01');
