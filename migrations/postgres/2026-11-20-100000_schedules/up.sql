-- Schedules, what admission needs to know about runs, usage, the processes at work, the clock.
-- The SQLite folder beside this one holds the same schema; keep the two alike.

-- What the current version says about running beside others.
ALTER TABLE plans ADD COLUMN restriction text NOT NULL DEFAULT 'none';
ALTER TABLE plans ADD COLUMN when_busy   text NOT NULL DEFAULT 'refuse';

-- When a plan runs by itself. `timetable` is the JSON of a domain::Timetable, `variables` a JSON object
-- of texts, `tags` the words with a space around each. `fired` counts the due times that have come;
-- `next_due_at` is the next one, none while the schedule is paused and when nothing more comes.
CREATE TABLE schedules (
    id              uuid    NOT NULL PRIMARY KEY,
    organization_id uuid    NOT NULL,
    plan_id         uuid    NOT NULL,
    name            text    NOT NULL,
    timetable       text    NOT NULL,
    catch_up        text    NOT NULL,
    overlap         text    NOT NULL,
    variables       text    NOT NULL DEFAULT '{}',
    tags            text    NOT NULL DEFAULT ' ',
    fired           integer NOT NULL DEFAULT 0,
    next_due_at     bigint,
    paused_at       bigint,
    paused_by       uuid    REFERENCES users (id) ON DELETE SET NULL,
    pause_reason    text,
    author_id       uuid    REFERENCES users (id) ON DELETE SET NULL,
    created_at      bigint  NOT NULL,
    updated_at      bigint  NOT NULL,
    -- The database itself refuses a schedule of another organization's plan.
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id) ON DELETE CASCADE
);

-- All that a tick of the clock looks at while nothing is due.
CREATE INDEX schedules_due ON schedules (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX schedules_by_plan ON schedules (plan_id, id);
CREATE INDEX schedules_by_organization ON schedules (organization_id, id);

-- An occurrence of a schedule is a run: queued, or at once skipped or refused with its reason. There is
-- no foreign key: the history outlives its schedule. `scheduled_at` is the due time; `serial` makes it
-- wait for the unfinished runs of its schedule; `variables` is a JSON object of texts.
ALTER TABLE runs ADD COLUMN schedule_id  uuid;
ALTER TABLE runs ADD COLUMN scheduled_at bigint;
ALTER TABLE runs ADD COLUMN restriction  text    NOT NULL DEFAULT 'none';
ALTER TABLE runs ADD COLUMN serial       boolean NOT NULL DEFAULT false;
ALTER TABLE runs ADD COLUMN variables    text;

-- However many schedulers there are: one run per due time. Also a schedule's history in its order.
CREATE UNIQUE INDEX runs_by_occurrence ON runs (schedule_id, scheduled_at) WHERE schedule_id IS NOT NULL;
-- What admission asks for: the unfinished runs of a plan, and of one of its schedules.
CREATE INDEX runs_unfinished ON runs (plan_id, schedule_id) WHERE due_at IS NOT NULL;

-- How many runs were accepted; `day` counts days since 1970 in UTC.
CREATE TABLE usage (
    organization_id uuid    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    day             integer NOT NULL,
    runs            integer NOT NULL,
    PRIMARY KEY (organization_id, day)
);

-- What was accepted before anybody counted.
INSERT INTO usage (organization_id, day, runs)
    SELECT organization_id, queued_at / 86400000000, count(*) FROM runs GROUP BY 1, 2;

-- The processes at work, as each tells of itself every few seconds. `lag` is by how many microseconds
-- a scheduler's last tick was late.
CREATE TABLE workers (
    id              uuid    NOT NULL PRIMARY KEY,
    role            text    NOT NULL,
    host            text    NOT NULL,
    version         text    NOT NULL,
    slots           integer NOT NULL,
    busy            integer NOT NULL,
    ticks           bigint  NOT NULL,
    lag             bigint  NOT NULL,
    started_at      bigint  NOT NULL,
    seen_at         bigint  NOT NULL
);

-- One row: whether an operator has stopped the clock, when, who and why.
CREATE TABLE clock (
    id              integer NOT NULL PRIMARY KEY CHECK (id = 1),
    paused_at       bigint,
    paused_by       text,
    reason          text
);

INSERT INTO clock (id) VALUES (1);
