-- Several organizations per person, invitations, who may run which plan, the audit log.
-- The SQLite folder beside this one holds the same schema; keep the two alike.

-- When the member last worked in the organization, to go on there after signing in; 0 for never.
ALTER TABLE members ADD COLUMN used_at bigint NOT NULL DEFAULT 0;

-- A session has no organization while its user belongs to none. It goes with its member.
ALTER TABLE sessions ALTER COLUMN organization_id DROP NOT NULL;
ALTER TABLE sessions ADD CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;

-- Somebody who was asked to join, until they do. The token in the link is known by its hash only.
CREATE TABLE invitations (
    id              uuid    NOT NULL PRIMARY KEY,
    organization_id uuid    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email           text    NOT NULL,
    role            text    NOT NULL,
    token_hash      bytea   NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    invited_by      uuid    REFERENCES users (id) ON DELETE SET NULL,
    created_at      bigint  NOT NULL,
    sent_at         bigint  NOT NULL,
    expires_at      bigint  NOT NULL,
    UNIQUE (organization_id, email)
);

-- The only operators who may run and stop a plan; of one without rows all may. Who leaves the organization
-- stays named: their leaving opens the plan to nobody.
CREATE TABLE plan_operators (
    plan_id         uuid    NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    user_id         uuid    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (plan_id, user_id)
);

CREATE INDEX plan_operators_by_user ON plan_operators (user_id);

-- Who changed what. Names are as they were then. `details` is a JSON object.
CREATE TABLE audit (
    id              uuid    NOT NULL PRIMARY KEY,
    organization_id uuid    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    at              bigint  NOT NULL,
    actor           text    NOT NULL,
    actor_id        uuid,
    actor_name      text    NOT NULL,
    action          text    NOT NULL,
    noun            text    NOT NULL,
    noun_id         uuid,
    name            text    NOT NULL,
    details         text    NOT NULL
);

CREATE INDEX audit_by_organization ON audit (organization_id, id);

-- It is only added to; it goes with its organization, whose row is gone by then.
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM organizations WHERE id = OLD.organization_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is only added to';
END
$$;

CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays();
