-- What each gateway is to be configured as, and what it says that it is.
CREATE TABLE desired_configs (
    gateway_id   int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    version      int NOT NULL CHECK (version > 0),  -- rises by one with each change
    config       json NOT NULL,
    hash         text NOT NULL,          -- SHA-256 of the document in canonical form: devices.desired
    created_at   timestamptz NOT NULL DEFAULT now(),
    created_by   text NOT NULL,
    note         text NOT NULL DEFAULT '',
    published_at timestamptz,            -- when the broker first had it; the newest version stands there, retained
    PRIMARY KEY (gateway_id, version)
);
CREATE TRIGGER notify_down AFTER INSERT ON desired_configs FOR EACH STATEMENT EXECUTE FUNCTION notify_down();

ALTER TABLE gateway_status
    ADD config_version int,              -- as the gateway says in its status
    ADD config_hash    text,
    ADD config_error   text,             -- why it could not apply that version
    ADD config_at      timestamptz;      -- since when it says so

-- Firmware that may be offered. What is signed: devices.firmware.
CREATE TABLE firmware (
    version    text PRIMARY KEY CHECK (version <> ''),
    url        text NOT NULL,
    size       bigint NOT NULL CHECK (size > 0),
    sha256     text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    signature  text NOT NULL,            -- Ed25519, base64
    public_key text NOT NULL,            -- of whoever signed, base64
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);

-- An offer of one version to gateways, stage by stage.
CREATE TABLE rollouts (
    id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version    text NOT NULL REFERENCES firmware,
    stages     int[] NOT NULL,           -- shares of all its gateways, %, rising to 100
    stage      int NOT NULL DEFAULT 1,   -- the one that it is in, from 1
    settle_s   int NOT NULL CHECK (settle_s > 0),
    max_failed int NOT NULL CHECK (max_failed BETWEEN 0 AND 100),  -- %, of those that were offered it
    state      text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'halted', 'stopped', 'done')),
    reason     text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    ended_at   timestamptz
);
CREATE TABLE rollout_gateways (
    rollout_id int NOT NULL REFERENCES rollouts ON DELETE CASCADE,
    gateway_id int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    stage      int NOT NULL,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'offered', 'updated', 'failed')),
    before     text,                     -- the firmware that it had
    offered_at timestamptz,
    ended_at   timestamptz,              -- when it had the new one, or was given up
    reason     text NOT NULL DEFAULT '',
    PRIMARY KEY (rollout_id, gateway_id)
);
