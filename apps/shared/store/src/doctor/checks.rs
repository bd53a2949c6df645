//! The checks that are nothing but a query for the ids of what is wrong. They read alike in both databases.

/// A query and what its rows mean.
pub(super) struct Check {
    pub(super) name: &'static str,
    /// What the ids are of, and what is wrong with them.
    pub(super) what: &'static str,
    pub(super) remedy: &'static str,
    pub(super) over: Over,
    pub(super) sql: &'static str,
}

/// What the query looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// All there is: found through an index of little.
    Everything,
    /// The newest runs: the query's `?` is the oldest of them.
    Newest,
}

pub(super) const ALL: &[Check] = &[
    Check {
        name: "queued runs",
        what: "Queued runs that contradict themselves (without a due time, or with an owner or an end)",
        remedy: "cancel them and queue new ones",
        over: Over::Everything,
        sql: "SELECT id FROM runs
              WHERE state = 'queued' AND (due_at IS NULL OR lease_owner IS NOT NULL OR finished_at IS NOT NULL)",
    },
    Check {
        name: "running runs",
        what: "Running runs that contradict themselves (without a lease, an owner or a start, or with an end)",
        remedy: "cancel them; if they do not end, restart the executors",
        over: Over::Everything,
        sql: "SELECT id FROM runs
              WHERE state = 'running' AND (due_at IS NULL OR lease_owner IS NULL OR started_at IS NULL
                                           OR finished_at IS NOT NULL)",
    },
    Check {
        name: "ended runs",
        what: "Runs that are over and contradict themselves (still due, with an owner, without an end), or whose state \
               nobody knows",
        remedy: "set due_at and lease_owner to NULL and finished_at to queued_at in these rows of `runs`",
        over: Over::Newest,
        sql: "SELECT id FROM runs WHERE id >= ? AND (
                  state IN ('passed', 'failed', 'errored', 'cancelled', 'refused', 'skipped')
                      AND (due_at IS NOT NULL OR lease_owner IS NOT NULL OR finished_at IS NULL)
                  OR state NOT IN ('queued', 'running', 'paused', 'action_needed', 'passed', 'failed', 'errored',
                                   'cancelled', 'refused', 'skipped'))",
    },
    Check {
        name: "leases",
        what: "Runs whose lease has been over for more than five minutes, and nobody has taken them up",
        remedy: "start an executor",
        over: Over::Everything,
        sql: "SELECT id FROM runs WHERE state = 'running' AND due_at < now_us() - 300000000",
    },
    Check {
        name: "occurrences",
        what: "Schedules with more than one run for the same due time",
        remedy: "restore the unique index runs_by_occurrence, and report this",
        over: Over::Newest,
        sql: "SELECT schedule_id FROM runs WHERE id >= ? AND schedule_id IS NOT NULL
              GROUP BY schedule_id, scheduled_at HAVING count(*) > 1",
    },
    Check {
        name: "run numbers",
        what: "Plans that have a run with a higher number than the last they gave",
        remedy: "set last_run_number to the highest number of the plan's runs in these rows of `plans`",
        over: Over::Everything,
        sql: "SELECT id FROM plans WHERE last_run_number < (SELECT max(number) FROM runs WHERE plan_id = plans.id)",
    },
    Check {
        name: "steps",
        what: "Runs that are over with a step that is not, or that still holds what it captured",
        remedy: "set progress to NULL and the state 'running' to 'errored' in their rows of `steps`",
        over: Over::Newest,
        sql: "SELECT DISTINCT run_id FROM runs JOIN steps ON run_id = id
              WHERE id >= ? AND finished_at IS NOT NULL
                AND (steps.state NOT IN ('passed', 'failed', 'errored', 'skipped') OR progress IS NOT NULL)",
    },
    Check {
        name: "step counts",
        what: "Runs that are over and count other steps than they have",
        remedy: "report this; the pages of these runs show the right steps, their lines in lists do not",
        over: Over::Newest,
        // A step that was under way when its run ended without a result may be counted or not.
        sql: "SELECT id FROM runs LEFT JOIN steps ON run_id = id WHERE id >= ? AND finished_at IS NOT NULL GROUP BY id
              HAVING steps_passed <> count(CASE steps.state WHEN 'passed' THEN 1 END)
                  OR steps_skipped <> count(CASE steps.state WHEN 'skipped' THEN 1 END)
                  OR steps_failed > count(CASE WHEN steps.state IN ('failed', 'errored') THEN 1 END)
                  OR steps_failed < count(CASE WHEN steps.state IN ('failed', 'errored') AND report IS NOT NULL
                                               THEN 1 END)",
    },
    Check {
        name: "usage",
        what: "Organizations with more accepted runs on a day than were counted",
        remedy: "set `runs` to their number in the row of `usage` for that day",
        over: Over::Newest,
        sql: "SELECT accepted.organization_id
              FROM (SELECT organization_id, queued_at / 86400000000 AS day, count(*) AS number FROM runs
                    WHERE id >= ? AND state NOT IN ('refused', 'skipped') GROUP BY 1, 2) AS accepted
              LEFT JOIN usage ON usage.organization_id = accepted.organization_id AND usage.day = accepted.day
              WHERE accepted.number > coalesce(usage.runs, 0)",
    },
    Check {
        name: "metering",
        what: "Organizations with more runs that ended on a day than were metered",
        remedy: "set `runs` to their number in the row of `metered` for that day",
        over: Over::Newest,
        sql: "SELECT ended.organization_id
              FROM (SELECT organization_id, finished_at / 86400000000 AS day, count(*) AS number FROM runs
                    WHERE id >= ? AND finished_at IS NOT NULL AND state NOT IN ('refused', 'skipped')
                    GROUP BY 1, 2) AS ended
              LEFT JOIN metered ON metered.organization_id = ended.organization_id AND metered.day = ended.day
              WHERE ended.number > coalesce(metered.runs, 0)",
    },
    Check {
        name: "paused schedules",
        what: "Schedules that are paused or beyond what their tier allows, and come due all the same",
        remedy: "pause them, resume them",
        over: Over::Everything,
        sql: "SELECT id FROM schedules
              WHERE (paused_at IS NOT NULL OR over_limit IS NOT NULL) AND next_due_at IS NOT NULL",
    },
    Check {
        name: "restriction self",
        what: "Plans that run twice at the same time though they must not",
        remedy: "cancel all but one of their runs, and report this",
        over: Over::Everything,
        sql: "SELECT plan_id FROM runs WHERE state = 'running'
              GROUP BY plan_id HAVING count(*) > 1 AND count(CASE restriction WHEN 'self' THEN 1 END) > 0",
    },
    Check {
        name: "restriction global",
        what: "Organizations in which something runs beside a run that must be alone",
        remedy: "cancel all but one of their runs, and report this",
        over: Over::Everything,
        sql: "SELECT organization_id FROM runs WHERE state = 'running'
              GROUP BY organization_id HAVING count(*) > 1 AND count(CASE restriction WHEN 'global' THEN 1 END) > 0",
    },
    Check {
        name: "serial schedules",
        what: "Schedules with two runs at the same time that should follow each other",
        remedy: "cancel all but one of their runs, and report this",
        over: Over::Everything,
        sql: "SELECT schedule_id FROM runs WHERE state = 'running' AND serial AND schedule_id IS NOT NULL
              GROUP BY schedule_id HAVING count(*) > 1",
    },
];
