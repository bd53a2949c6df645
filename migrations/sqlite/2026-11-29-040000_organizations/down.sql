DROP TABLE audit;
DROP TABLE plan_operators;
DROP TABLE invitations;
DELETE FROM sessions WHERE organization_id IS NULL;
CREATE TABLE sessions_anew (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash      BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id         BLOB    NOT NULL,
    organization_id BLOB    NOT NULL,
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
ALTER TABLE members DROP COLUMN used_at;
