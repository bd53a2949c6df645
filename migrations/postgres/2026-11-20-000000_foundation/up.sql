-- The floor: accounts, plans with immutable versions, runs that are jobs, steps.
--
-- Ids are UUIDs version 7, so their order is the order of making.
-- Times are whole microseconds since 1970 in UTC (now_us() tells the database's own time); durations
-- are microseconds too. Words such as states are spelled as in the crate `domain`. JSON is text: the
-- database passes it through.
-- The SQLite folder beside this one holds the same schema; keep the two alike.

-- Stable, so that an index can be searched for it; the time at which the statement began.
CREATE FUNCTION now_us() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint $$;

-- To read the times by hand: SELECT at(started_at) FROM runs.
CREATE FUNCTION at(us bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT to_timestamp(us / 1000000.0) $$;

CREATE TABLE organizations (
    id              uuid    NOT NULL PRIMARY KEY,
    name            text    NOT NULL,
    tier            text    NOT NULL,
    created_at      bigint  NOT NULL
);

CREATE TABLE users (
    id              uuid    NOT NULL PRIMARY KEY,
    email           text    NOT NULL UNIQUE,
    password_hash   text    NOT NULL,
    created_at      bigint  NOT NULL
);

CREATE TABLE members (
    organization_id uuid    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id         uuid    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role            text    NOT NULL,
    created_at      bigint  NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);

CREATE INDEX members_by_user ON members (user_id);

-- A browser that is signed in, to one organization at a time.
CREATE TABLE sessions (
    id              uuid    NOT NULL PRIMARY KEY,
    token_hash      bytea   NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id         uuid    NOT NULL,
    organization_id uuid    NOT NULL,
    user_agent      text    NOT NULL,
    created_at      bigint  NOT NULL,
    last_seen_at    bigint  NOT NULL,
    expires_at      bigint  NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES members (organization_id, user_id) ON DELETE CASCADE
);

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_member ON sessions (organization_id, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- `recent` holds the last 30 finished runs, newest first, ten characters each: a letter for how it
-- ended, nine digits of milliseconds. `health` is how the last run that told anything ended. Both
-- are kept when a run finishes, so that the list of plans never looks through the history.
CREATE TABLE plans (
    id              uuid    NOT NULL PRIMARY KEY,
    organization_id uuid    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            text    NOT NULL,
    version         integer NOT NULL,
    steps           integer NOT NULL,
    last_run_number integer NOT NULL DEFAULT 0,
    health          text,
    recent          text    NOT NULL DEFAULT '',
    created_at      bigint  NOT NULL,
    updated_at      bigint  NOT NULL,
    UNIQUE (organization_id, id)
);

CREATE TABLE plan_versions (
    plan_id         uuid    NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    version         integer NOT NULL,
    name            text    NOT NULL,
    text            text    NOT NULL,
    outline         text    NOT NULL,
    steps           integer NOT NULL,
    author_id       uuid    REFERENCES users (id) ON DELETE SET NULL,
    created_at      bigint  NOT NULL,
    PRIMARY KEY (plan_id, version)
);

-- A run is its own job. `due_at` is when an executor should look at it: the time to run while it is
-- queued, the end of the lease while it is running, none once it is final (or waits for a person).
-- `fence` grows with every claim; a write that carries an older one is refused. `cancelling`: somebody
-- wants it stopped, and its executor will end it.
CREATE TABLE runs (
    id              uuid    NOT NULL PRIMARY KEY,
    organization_id uuid    NOT NULL,
    plan_id         uuid    NOT NULL,
    version         integer NOT NULL,
    number          integer NOT NULL,
    state           text    NOT NULL,
    cause           text    NOT NULL,
    user_id         uuid    REFERENCES users (id) ON DELETE SET NULL,
    priority        integer NOT NULL DEFAULT 0,
    due_at          bigint,
    lease_owner     uuid,
    fence           bigint  NOT NULL DEFAULT 0,
    attempts        integer NOT NULL DEFAULT 0,
    cancelling      boolean NOT NULL DEFAULT false,
    queued_at       bigint  NOT NULL,
    started_at      bigint,
    finished_at     bigint,
    reason          text,
    slow            boolean NOT NULL DEFAULT false,
    steps           integer NOT NULL,
    steps_passed    integer NOT NULL DEFAULT 0,
    steps_failed    integer NOT NULL DEFAULT 0,
    steps_skipped   integer NOT NULL DEFAULT 0,
    -- The database itself refuses a run of another organization's plan.
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id) ON DELETE CASCADE
);

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
    run_id          uuid    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position        integer NOT NULL,
    state           text    NOT NULL,
    started_at      bigint,
    duration        bigint,
    report          text,
    progress        bytea,
    PRIMARY KEY (run_id, position)
);

-- One row per key that seals secrets: `canary` opens only with that key.
CREATE TABLE sealing_keys (
    id              bytea   NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    canary          bytea   NOT NULL,
    created_at      bigint  NOT NULL
);
