-- `cutoff`: the name of what is taken back up to a time; none for a token or a session.
ALTER TABLE jwt_revocations ADD COLUMN cutoff TEXT;
CREATE INDEX jwt_revocations_cutoff ON jwt_revocations (cutoff, number) WHERE cutoff IS NOT NULL;
