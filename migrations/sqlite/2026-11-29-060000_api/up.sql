-- What programs come in by: API tokens, hooks of plans, and requests that may be sent twice.
-- The PostgreSQL folder beside this one holds the same schema; keep the two alike.

-- The token itself is known by its hash only. It goes with the membership of whoever made it.
CREATE TABLE tokens (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    name            TEXT    NOT NULL,
    scope           TEXT    NOT NULL,
    token_hash      BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER,
    last_used_at    INTEGER,
    FOREIGN KEY (organization_id, user_id) REFERENCES members (organization_id, user_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX tokens_by_member ON tokens (organization_id, user_id);

-- The address that starts runs of a plan, at most one per plan. The token in it is known by its hash only.
CREATE TABLE hooks (
    plan_id         BLOB    NOT NULL PRIMARY KEY REFERENCES plans (id) ON DELETE CASCADE,
    token_hash      BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_by      BLOB   REFERENCES users (id) ON DELETE SET NULL,
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER
) STRICT;

CREATE INDEX hooks_by_maker ON hooks (created_by);

-- What was made for a request that named itself by an idempotency key: sent again, it gets the same thing. `noun`
-- says what was made, `request_hash` is that of the whole request.
CREATE TABLE requests (
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    key_hash        BLOB    NOT NULL,
    noun            TEXT    NOT NULL,
    request_hash    BLOB    NOT NULL,
    noun_id         BLOB    NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, key_hash, noun)
) STRICT;

CREATE INDEX requests_by_age ON requests (created_at);
