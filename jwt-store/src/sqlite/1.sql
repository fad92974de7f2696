-- `ended`: 0 or 1. `over`, `expiry`: milliseconds since the Unix epoch. `record`: JSON, as jwt-session writes it.
CREATE TABLE jwt_sessions (
  id BLOB NOT NULL PRIMARY KEY,
  subject TEXT NOT NULL,
  client TEXT,
  tenant TEXT,
  ended INTEGER NOT NULL,
  over INTEGER NOT NULL,
  record TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX jwt_sessions_subject ON jwt_sessions (subject, id);
CREATE INDEX jwt_sessions_not_ended ON jwt_sessions (subject) WHERE NOT ended;
CREATE INDEX jwt_sessions_client ON jwt_sessions (client, id) WHERE client IS NOT NULL;
CREATE INDEX jwt_sessions_tenant ON jwt_sessions (tenant, id) WHERE tenant IS NOT NULL;
CREATE INDEX jwt_sessions_over ON jwt_sessions (over);

-- AUTOINCREMENT: a number is never used twice, also where the newest lines were forgotten.
CREATE TABLE jwt_revocations (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  expiry INTEGER NOT NULL,
  record TEXT NOT NULL
);
CREATE INDEX jwt_revocations_expiry ON jwt_revocations (expiry);
