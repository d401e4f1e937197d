CREATE TABLE api_keys (
    id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    prefix     text NOT NULL UNIQUE,    -- shown in lists; finds the row
    hash       bytea NOT NULL,          -- SHA-256 of the whole key, which has 256 random bits
    scopes     text[] NOT NULL DEFAULT '{read}',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
