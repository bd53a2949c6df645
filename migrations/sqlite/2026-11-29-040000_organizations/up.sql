-- Several organizations per person, invitations, who may run which plan, the audit log.
-- The PostgreSQL folder beside this one holds the same schema; keep the two alike.

-- When the member last worked in the organization, to go on there after signing in; 0 for never.
ALTER TABLE members ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;

-- A session has no organization while its user belongs to none. It goes with its member.
CREATE TABLE sessions_anew (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash      BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id         BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    organization_id BLOB,
    user_agent      TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES members (organization_id, user_id) ON DELETE CASCADE
) STRICT;

INSERT INTO sessions_anew (id, token_hash, user_id, organization_id, user_agent, created_at, last_seen_at, expires_at)
    SELECT id, token_hash, user_id, organization_id, user_agent, created_at, last_seen_at, expires_at FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_anew RENAME TO sessions;

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_member ON sessions (organization_id, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Somebody who was asked to join, until they do. The token in the link is known by its hash only.
CREATE TABLE invitations (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email           TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    token_hash      BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    invited_by      BLOB    REFERENCES users (id) ON DELETE SET NULL,
    created_at      INTEGER NOT NULL,
    sent_at         INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    UNIQUE (organization_id, email)
) STRICT;

-- The only operators who may run and stop a plan; of one without rows all may. Who leaves the organization
-- stays named: their leaving opens the plan to nobody.
CREATE TABLE plan_operators (
    plan_id         BLOB    NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    user_id         BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (plan_id, user_id)
) STRICT;

CREATE INDEX plan_operators_by_user ON plan_operators (user_id);

-- Who changed what. Names are as they were then. `details` is a JSON object.
CREATE TABLE audit (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    at              INTEGER NOT NULL,
    actor           TEXT    NOT NULL,
    actor_id        BLOB,
    actor_name      TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    noun            TEXT    NOT NULL,
    noun_id         BLOB,
    name            TEXT    NOT NULL,
    details         TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_by_organization ON audit (organization_id, id);

-- It is only added to; it goes with its organization, whose row is gone by then.
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
WHEN EXISTS (SELECT 1 FROM organizations WHERE id = OLD.organization_id) BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;
