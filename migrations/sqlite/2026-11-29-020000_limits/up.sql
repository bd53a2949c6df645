-- Where a tier comes from, what it does not allow any more, what was metered, what is kept after a change.
-- The PostgreSQL folder beside this one holds the same schema; keep the two alike.

-- Why the organization's tier does not let it run, in a sentence; none if it does. A schedule of which
-- that is so has no `next_due_at`.
ALTER TABLE plans     ADD COLUMN over_limit TEXT;
ALTER TABLE schedules ADD COLUMN over_limit TEXT;

-- What moves when a tier changes is found through these.
CREATE INDEX plans_over_limit ON plans (organization_id) WHERE over_limit IS NOT NULL;
CREATE INDEX schedules_over_limit ON schedules (organization_id) WHERE over_limit IS NOT NULL;

-- `tier` is the higher one of the two: what the organization has subscribed to, and what an operator has
-- granted it by contract.
ALTER TABLE organizations ADD COLUMN subscribed TEXT NOT NULL DEFAULT 'free';
ALTER TABLE organizations ADD COLUMN granted    TEXT;

-- After a change to a tier that keeps runs for a shorter time: the tier by which they are kept still, and
-- since when. None once the owners have been told twice and had their time.
ALTER TABLE organizations ADD COLUMN kept_as    TEXT;
ALTER TABLE organizations ADD COLUMN kept_since INTEGER;

CREATE INDEX organizations_kept ON organizations (kept_since) WHERE kept_since IS NOT NULL;

-- How many runs came to their end; `day` counts days since 1970 in UTC. Written by whoever ends them, in
-- the same transaction. Apart from `usage`, which whoever asks for a run waits for.
CREATE TABLE metered (
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    day             INTEGER NOT NULL,
    runs            INTEGER NOT NULL,
    PRIMARY KEY (organization_id, day)
) STRICT;

-- What ended before anybody metered.
INSERT INTO metered (organization_id, day, runs)
    SELECT organization_id, finished_at / 86400000000, count(*) FROM runs
    WHERE finished_at IS NOT NULL AND state NOT IN ('refused', 'skipped') GROUP BY 1, 2;
