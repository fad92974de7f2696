-- The identity provider and its session that a session was started by: in the record since version 1, here to be found.
ALTER TABLE jwt_sessions ADD COLUMN provider TEXT;
ALTER TABLE jwt_sessions ADD COLUMN provider_session TEXT;
UPDATE jwt_sessions
  SET provider = json_extract(record, '$.provider_session[0]'),
      provider_session = json_extract(record, '$.provider_session[1]')
  WHERE json_valid(record) AND json_type(record, '$.provider_session') = 'array';
CREATE INDEX jwt_sessions_provider ON jwt_sessions (provider, provider_session, id) WHERE provider IS NOT NULL;
