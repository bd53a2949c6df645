-- What programs come in by: API tokens, hooks of plans, and requests that may be sent twice.
-- The SQLite folder beside this one holds the same schema; keep the two alike.

-- The token itself is known by its hash only. It goes with the membership of whoever made it.
CREATE TABLE tokens (
    id              uuid    NOT NULL PRIMARY KEY,
    organization_id uuid    NOT NULL,
    user_id         uuid    NOT NULL,
    name            text    NOT NULL,
    scope           text    NOT NULL,
    token_hash      bytea   NOT NULL UNIQUE,
    created_at      bigint  NOT NULL,
    expires_at      bigint ,
    last_used_at    bigint ,
    FOREIGN KEY (organization_id, user_id) REFERENCES members (organization_id, user_id) ON DELETE CASCADE
);

CREATE INDEX tokens_by_member ON tokens (organization_id, user_id);

-- The address that starts runs of a plan, at most one per plan. The token in it is known by its hash only.
CREATE TABLE hooks (
    plan_id         uuid    NOT NULL PRIMARY KEY REFERENCES plans (id) ON DELETE CASCADE,
    token_hash      bytea   NOT NULL UNIQUE,
    created_by      uuid   REFERENCES users (id) ON DELETE SET NULL,
    created_at      bigint  NOT NULL,
    last_used_at    bigint 
);

CREATE INDEX hooks_by_maker ON hooks (created_by);

-- What was made for a request that named itself by an idempotency key: sent again, it gets the same thing. `noun`
-- says what was made, `request_hash` is that of the whole request.
CREATE TABLE requests (
    organization_id uuid    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    key_hash        bytea   NOT NULL,
    noun            text    NOT NULL,
    request_hash    bytea   NOT NULL,
    noun_id         uuid    NOT NULL,
    created_at      bigint  NOT NULL,
    PRIMARY KEY (organization_id, key_hash, noun)
);

CREATE INDEX requests_by_age ON requests (created_at);
