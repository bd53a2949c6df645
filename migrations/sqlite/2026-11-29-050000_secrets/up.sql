-- Secrets of organizations: values sealed by a data key per organization, which the key-encryption key seals.
-- The PostgreSQL folder beside this one holds the same schema; keep the two alike.

-- `sealed_with` is the id of the key-encryption key that `sealed` opens with. Because it refers to that key's mark,
-- no mark can go while something needs its key, and nothing can be sealed with a key that has none.
CREATE TABLE data_keys (
    organization_id BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
    sealed          BLOB NOT NULL,
    sealed_with     BLOB NOT NULL REFERENCES sealing_keys (id) CHECK (length(sealed_with) = 8),
    created_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX data_keys_by_key ON data_keys (sealed_with);

-- `sealed` opens with the organization's data key, for this organization, name and version only. Versions of a name
-- count on when it is deleted and added again: `secret_changes` remembers.
CREATE TABLE secrets (
    organization_id BLOB NOT NULL REFERENCES data_keys (organization_id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    version         INTEGER NOT NULL,
    sealed          BLOB NOT NULL,
    changed_by      BLOB REFERENCES users (id) ON DELETE SET NULL,
    changed_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, name)
) STRICT;

-- Who did what, never with what value. `change` is `added`, `replaced` or `deleted`.
CREATE TABLE secret_changes (
    id              BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    version         INTEGER NOT NULL,
    change          TEXT NOT NULL,
    user_id         BLOB REFERENCES users (id) ON DELETE SET NULL,
    at              INTEGER NOT NULL
) STRICT;

CREATE INDEX secret_changes_by_organization ON secret_changes (organization_id, id);
CREATE INDEX secret_changes_by_name ON secret_changes (organization_id, name, version);
-- What a person's going sets to null is found through these.
CREATE INDEX secrets_by_user ON secrets (changed_by);
CREATE INDEX secret_changes_by_user ON secret_changes (user_id);

-- The names that the current text uses and does not give a value itself, as a JSON list; none until they are looked
-- for (texts that were saved before this column was there).
ALTER TABLE plans ADD COLUMN outside TEXT;

CREATE INDEX plans_unread ON plans (organization_id) WHERE outside IS NULL;
