-- What gateways were told to do, and what they answered.
CREATE TABLE commands (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    gateway_id      int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    thing_id        int REFERENCES things ON DELETE CASCADE,  -- null: for the gateway itself
    command         text NOT NULL CHECK (command ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
    -- json, not jsonb: what jsonb cannot hold (NUL, numbers of any size) must not stop a batch of ingest
    arguments       json NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    expires_at      timestamptz NOT NULL,  -- not begun after it
    timeout_s       int NOT NULL CHECK (timeout_s > 0),  -- from the acknowledgement to the end
    -- A state never goes back: see devices.commands.
    state           text NOT NULL DEFAULT 'queued'
                    CHECK (state IN ('queued', 'sent', 'expired', 'acknowledged', 'timed_out', 'done', 'failed')),
    sent_at         timestamptz,
    acknowledged_at timestamptz,
    ended_at        timestamptz,
    detail          text NOT NULL DEFAULT '',  -- the gateway's words
    result          json,
    CHECK (expires_at > created_at),
    CHECK ((ended_at IS NOT NULL) = (state IN ('expired', 'timed_out', 'done', 'failed')))
);
CREATE INDEX ON commands (created_at DESC, id DESC);
CREATE INDEX ON commands (gateway_id, created_at DESC);
CREATE INDEX commands_open ON commands (expires_at) WHERE state IN ('queued', 'sent', 'acknowledged');

CREATE TABLE command_history (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command_id uuid NOT NULL REFERENCES commands ON DELETE CASCADE,
    time       timestamptz NOT NULL DEFAULT clock_timestamp(),
    state      text NOT NULL,
    stands     boolean NOT NULL,     -- false: it came after something that it does not replace
    actor      text NOT NULL,        -- who created it, 'halong', or 'gateway'
    detail     text NOT NULL DEFAULT '',
    result     json
);
CREATE INDEX ON command_history (command_id, id);

-- Whoever sends waits for this.
CREATE FUNCTION notify_down() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('halong_down', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE TRIGGER notify_down AFTER INSERT ON commands FOR EACH STATEMENT EXECUTE FUNCTION notify_down();
