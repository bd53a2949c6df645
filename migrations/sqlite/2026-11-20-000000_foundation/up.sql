-- The floor: accounts, plans with immutable versions, runs that are jobs, steps.
--
-- Ids are the 16 bytes of a UUID version 7, so their order is the order of making.
-- Times are whole microseconds since 1970 in UTC (now_us() tells the database's own time); durations
-- are microseconds too. Words such as states are spelled as in the crate `domain`. JSON is text: the
-- database passes it through.
-- The PostgreSQL folder beside this one holds the same schema; keep the two alike.

CREATE TABLE organizations (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    tier       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email         TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id         BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, user_id)
) STRICT;

CREATE INDEX members_by_user ON members (user_id);

-- A browser that is signed in, to one organization at a time.
CREATE TABLE sessions (
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

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_member ON sessions (organization_id, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- `recent` holds the last 30 finished runs, newest first, ten characters each: a letter for how it
-- ended, nine digits of milliseconds. `health` is how the last run that told anything ended. Both
-- are kept when a run finishes, so that the list of plans never looks through the history.
CREATE TABLE plans (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    version         INTEGER NOT NULL,
    steps           INTEGER NOT NULL,
    last_run_number INTEGER NOT NULL DEFAULT 0,
    health          TEXT,
    recent          TEXT    NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    UNIQUE (organization_id, id)
) STRICT;

CREATE TABLE plan_versions (
    plan_id    BLOB    NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    outline    TEXT    NOT NULL,
    steps      INTEGER NOT NULL,
    author_id  BLOB    REFERENCES users (id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (plan_id, version)
) STRICT;

-- A run is its own job. `due_at` is when an executor should look at it: the time to run while it is
-- queued, the end of the lease while it is running, none once it is final (or waits for a person).
-- `fence` grows with every claim; a write that carries an older one is refused. `cancelling`: somebody
-- wants it stopped, and its executor will end it.
CREATE TABLE runs (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB    NOT NULL,
    plan_id         BLOB    NOT NULL,
    version         INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    cause           TEXT    NOT NULL,
    user_id         BLOB    REFERENCES users (id) ON DELETE SET NULL,
    priority        INTEGER NOT NULL DEFAULT 0,
    due_at          INTEGER,
    lease_owner     BLOB,
    fence           INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    cancelling      INTEGER NOT NULL DEFAULT 0,
    queued_at       INTEGER NOT NULL,
    started_at      INTEGER,
    finished_at     INTEGER,
    reason          TEXT,
    slow            INTEGER NOT NULL DEFAULT 0,
    steps           INTEGER NOT NULL,
    steps_passed    INTEGER NOT NULL DEFAULT 0,
    steps_failed    INTEGER NOT NULL DEFAULT 0,
    steps_skipped   INTEGER NOT NULL DEFAULT 0,
    -- The database itself refuses a run of another organization's plan.
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX runs_by_organization ON runs (organization_id, id);
CREATE UNIQUE INDEX runs_by_plan ON runs (plan_id, number);
-- What waits, in the order in which each organization wants it, so that a claim finds the next of every
-- organization however many runs one of them has queued.
CREATE INDEX runs_waiting ON runs (organization_id, priority DESC, due_at) WHERE state = 'queued';
-- What is going on, and whose lease is over.
CREATE INDEX runs_leased ON runs (organization_id, due_at) WHERE state = 'running';
-- Only of runs that are over, so that a run enters it once.
CREATE INDEX runs_by_state ON runs (organization_id, state, id) WHERE due_at IS NULL;

-- `report` is the JSON of a domain::StepReport; `progress` what the step captured, sealed.
CREATE TABLE steps (
    run_id      BLOB    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    started_at  INTEGER,
    duration    INTEGER,
    report      TEXT,
    progress    BLOB,
    PRIMARY KEY (run_id, position)
) STRICT;

-- One row per key that seals secrets: `canary` opens only with that key.
CREATE TABLE sealing_keys (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    canary     BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
