-- `document`: JSON, as jwt-session writes it; its private keys are sealed.
CREATE TABLE jwt_key_rings (
  name TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  document TEXT NOT NULL
) WITHOUT ROWID;
