-- What belongs to a person's own account: tickets, the second factor, whether mail reaches them.
-- The SQLite folder beside this one holds the same schema; keep the two alike.

-- When somebody showed that mail to this address reaches them. Who was there before nobody could show it
-- has none, and is asked.
ALTER TABLE users ADD COLUMN confirmed_at bigint;

-- A ticket lets whoever holds its token do one thing once, until `expires_at`: most of them go out in a link
-- by mail. `email` is the address that a change of address is about.
CREATE TABLE tickets (
    token_hash bytea  NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    purpose    text   NOT NULL,
    user_id    uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      text,
    expires_at bigint NOT NULL
);

CREATE INDEX tickets_by_user ON tickets (user_id);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- `secret` is sealed. Not asked for at sign-in until it is enabled. `last_step` is the time step of the last
-- code that was taken: none of it or before it is taken again.
CREATE TABLE second_factors (
    user_id    uuid   NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret     bytea  NOT NULL,
    last_step  bigint NOT NULL DEFAULT 0,
    enabled_at bigint
);

-- The codes that are left, each good once in place of the second factor.
CREATE TABLE recovery_codes (
    user_id   uuid  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (user_id, code_hash)
);
