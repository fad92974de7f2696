-- `id`: the SHA-256 of a name. `until`: milliseconds since the Unix epoch, from which on it is over.
CREATE TABLE jwt_uses (
  id BLOB NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX jwt_uses_until ON jwt_uses (until);
