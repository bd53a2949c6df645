-- Mail to people, from the transaction that wants it told until a mail server has taken it.
-- The PostgreSQL folder beside this one holds the same schema; keep the two alike.

-- A mail is its own job. `due_at` is when a deliverer should look at it: at once, at the end of a
-- deliverer's lease, or when it is tried again; none once it was sent or given up. `key` is what it is
-- about: there is never a second mail with the same one, so the row of a keyed mail stays when the mail is
-- forgotten, with empty texts. `problem` is why the last attempt failed.
CREATE TABLE mails (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    key             TEXT    UNIQUE,
    organization_id BLOB    REFERENCES organizations (id) ON DELETE CASCADE,
    recipient       TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    due_at          INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    sent_at         INTEGER,
    problem         TEXT
) STRICT;

CREATE INDEX mails_by_organization ON mails (organization_id);
-- All that a deliverer looks at.
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
-- What is over and not yet forgotten.
CREATE INDEX mails_over ON mails (created_at) WHERE due_at IS NULL AND recipient <> '';
