-- Files that clients have made of many rows: jobs of the API's processes, each done by one of them.
CREATE TABLE exports (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    key_id        int  NOT NULL REFERENCES api_keys,  -- who asked: who else but an administrator may see it
    what          text NOT NULL,
    format        text NOT NULL,
    parameters    jsonb NOT NULL,        -- with the period as instants, so that a second attempt reads the same
    state         text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'expired')),
    attempt       int NOT NULL DEFAULT 0,  -- the running one alone may write here
    rows          bigint NOT NULL DEFAULT 0,
    expected_rows bigint,
    bytes         bigint NOT NULL DEFAULT 0,
    sha256        text,
    error         text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    seen_at       timestamptz,           -- when its process last wrote here
    finished_at   timestamptz,
    expires_at    timestamptz
);
CREATE INDEX ON exports (key_id, created_at DESC);
CREATE INDEX ON exports (created_at) WHERE state IN ('waiting', 'running');
