-- What belongs to a person's own account: tickets, the second factor, whether mail reaches them.
-- The PostgreSQL folder beside this one holds the same schema; keep the two alike.

-- When somebody showed that mail to this address reaches them. Who was there before nobody could show it
-- has none, and is asked.
ALTER TABLE users ADD COLUMN confirmed_at INTEGER;

-- A ticket lets whoever holds its token do one thing once, until `expires_at`: most of them go out in a link
-- by mail. `email` is the address that a change of address is about.
CREATE TABLE tickets (
    token_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    purpose    TEXT    NOT NULL,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      TEXT,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX tickets_by_user ON tickets (user_id);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- `secret` is sealed. Not asked for at sign-in until it is enabled. `last_step` is the time step of the last
-- code that was taken: none of it or before it is taken again.
CREATE TABLE second_factors (
    user_id    BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret     BLOB    NOT NULL,
    last_step  INTEGER NOT NULL DEFAULT 0,
    enabled_at INTEGER
) STRICT;

-- The codes that are left, each good once in place of the second factor.
CREATE TABLE recovery_codes (
    user_id   BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (user_id, code_hash)
) STRICT;
