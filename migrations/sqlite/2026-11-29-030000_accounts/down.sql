DROP TABLE recovery_codes;
DROP TABLE second_factors;
DROP TABLE tickets;
ALTER TABLE users DROP COLUMN confirmed_at;
