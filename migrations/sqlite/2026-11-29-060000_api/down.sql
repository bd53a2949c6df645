DROP TABLE requests;
DROP TABLE hooks;
DROP TABLE tokens;
