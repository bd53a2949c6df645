-- Organizations as Stripe's customers, and which of Stripe's events have had their effect.
-- The PostgreSQL folder beside this one holds the same schema; keep the two alike.

-- What Stripe has, as it was read last: `subscription` is the JSON of a domain::Subscription. Readings are
-- numbered in the order in which they begin (`begun`); `done` is the number of the one that is written here,
-- so that an older one which comes later changes nothing. `review_at` is when time alone may change something.
CREATE TABLE customers (
    organization_id BLOB    NOT NULL PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
    customer_id     TEXT    NOT NULL UNIQUE,
    email           TEXT,
    subscription    TEXT,
    begun           INTEGER NOT NULL DEFAULT 0,
    done            INTEGER NOT NULL DEFAULT 0,
    review_at       INTEGER,
    synced_at       INTEGER,
    created_at      INTEGER NOT NULL
) STRICT;

-- All that is looked at every minute.
CREATE INDEX customers_to_review ON customers (review_at) WHERE review_at IS NOT NULL;

-- An event enters in the transaction of its effect, so that it has one effect however often it is told.
CREATE TABLE stripe_events (
    id          TEXT    NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;

CREATE INDEX stripe_events_by_age ON stripe_events (received_at);
