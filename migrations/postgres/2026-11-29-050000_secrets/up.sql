-- Secrets of organizations: values sealed by a data key per organization, which the key-encryption key seals.
-- The SQLite folder beside this one holds the same schema; keep the two alike.

-- `sealed_with` is the id of the key-encryption key that `sealed` opens with. Because it refers to that key's mark,
-- no mark can go while something needs its key, and nothing can be sealed with a key that has none.
CREATE TABLE data_keys (
    organization_id uuid NOT NULL PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
    sealed          bytea NOT NULL,
    sealed_with     bytea NOT NULL REFERENCES sealing_keys (id),
    created_at      bigint NOT NULL
);

CREATE INDEX data_keys_by_key ON data_keys (sealed_with);

-- `sealed` opens with the organization's data key, for this organization, name and version only. Versions of a name
-- count on when it is deleted and added again: `secret_changes` remembers.
CREATE TABLE secrets (
    organization_id uuid NOT NULL REFERENCES data_keys (organization_id) ON DELETE CASCADE,
    name            text NOT NULL,
    version         integer NOT NULL,
    sealed          bytea NOT NULL,
    changed_by      uuid REFERENCES users (id) ON DELETE SET NULL,
    changed_at      bigint NOT NULL,
    PRIMARY KEY (organization_id, name)
);

-- Who did what, never with what value. `change` is `added`, `replaced` or `deleted`.
CREATE TABLE secret_changes (
    id              uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            text NOT NULL,
    version         integer NOT NULL,
    change          text NOT NULL,
    user_id         uuid REFERENCES users (id) ON DELETE SET NULL,
    at              bigint NOT NULL
);

CREATE INDEX secret_changes_by_organization ON secret_changes (organization_id, id);
CREATE INDEX secret_changes_by_name ON secret_changes (organization_id, name, version);
-- What a person's going sets to null is found through these.
CREATE INDEX secrets_by_user ON secrets (changed_by);
CREATE INDEX secret_changes_by_user ON secret_changes (user_id);

-- The names that the current text uses and does not give a value itself, as a JSON list; none until they are looked
-- for (texts that were saved before this column was there).
ALTER TABLE plans ADD COLUMN outside text;

CREATE INDEX plans_unread ON plans (organization_id) WHERE outside IS NULL;
