DROP TABLE metered;
DROP INDEX organizations_kept;
ALTER TABLE organizations DROP COLUMN kept_since;
ALTER TABLE organizations DROP COLUMN kept_as;
DROP INDEX schedules_over_limit;
DROP INDEX plans_over_limit;
ALTER TABLE schedules DROP COLUMN over_limit;
ALTER TABLE plans DROP COLUMN over_limit;
