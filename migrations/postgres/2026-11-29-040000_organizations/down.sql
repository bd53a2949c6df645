DROP TABLE audit;
DROP FUNCTION audit_stays;
DROP TABLE plan_operators;
DROP TABLE invitations;
DELETE FROM sessions WHERE organization_id IS NULL;
ALTER TABLE sessions DROP CONSTRAINT sessions_user;
ALTER TABLE sessions ALTER COLUMN organization_id SET NOT NULL;
ALTER TABLE members DROP COLUMN used_at;
