-- People who are logged in at the console by the identity provider. A session is known by the hash of what its browser has.
CREATE TABLE console_sessions (
    hash       bytea PRIMARY KEY,
    subject    text NOT NULL,
    name       text NOT NULL,
    roles      text[] NOT NULL CHECK (cardinality(roles) > 0),
    areas      text[],                               -- codes; null: the whole city
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON console_sessions (expires_at);
