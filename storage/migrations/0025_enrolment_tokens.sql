-- A one-time token, with which whoever installs a gateway gets its first credential. Only its hash is kept.
CREATE TABLE enrolment_tokens (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_id int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    hash       bytea NOT NULL UNIQUE,       -- SHA-256
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    used_from  text,                        -- the address that it came from
    CHECK (expires_at > created_at)
);
CREATE INDEX ON enrolment_tokens (gateway_id);
