DROP INDEX plans_unread;
ALTER TABLE plans DROP COLUMN outside;
DROP TABLE secret_changes;
DROP TABLE secrets;
DROP TABLE data_keys;
