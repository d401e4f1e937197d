-- Devices and observed properties that gateways name and the registry has not: they wait for somebody to accept
-- them, and then what was refused of them is stored.
ALTER TABLE refusals
    ADD content_type text,        -- of the message, as MQTT said it: without it some payloads cannot be read again
    ADD replayed_at  timestamptz, -- when the message went into ingest again; null: the refusal is open
    ADD replayed_by  text;

CREATE TABLE unknown_things (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_id  int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    device      text NOT NULL,    -- as it was sent: it may be no code
    source      text NOT NULL CHECK (source IN ('native', 'lorawan', 'sparkplug')),
    dev_eui     text,             -- of LoRaWAN
    first_seen  timestamptz NOT NULL,
    last_seen   timestamptz NOT NULL,
    messages    bigint NOT NULL,  -- refused ones that name it
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'ignored')),
    decided_at  timestamptz,
    decided_by  text,
    note        text NOT NULL DEFAULT '',
    created_at  timestamptz,      -- when its thing was created by accepting it
    replayed    bigint NOT NULL DEFAULT 0,  -- messages
    -- refusals behind this place are still to be looked at for a replay; null: all were
    replay_time timestamptz,
    replay_id   bigint,
    UNIQUE (gateway_id, device),
    CHECK ((replay_time IS NULL) = (replay_id IS NULL)),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL))
);

CREATE TABLE unknown_properties (
    thing_id    bigint NOT NULL REFERENCES unknown_things ON DELETE CASCADE,
    property    text NOT NULL,    -- as it was sent
    unit        text,             -- as it was sent; null: that of the observed property
    readings    bigint NOT NULL,
    minimum     float8 NOT NULL,
    maximum     float8 NOT NULL,
    times       timestamptz[] NOT NULL,  -- of its newest readings, which tell the sampling interval
    accepted_at timestamptz,
    accepted_by text,
    PRIMARY KEY (thing_id, property)
);

-- Up to where the refusals were looked at.
CREATE TABLE unknown_progress (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    time      timestamptz NOT NULL DEFAULT now() - interval '30 days',
    id        bigint NOT NULL DEFAULT 0
);
INSERT INTO unknown_progress DEFAULT VALUES;

-- Gateways whose unknown things are accepted without anybody, so many in 24 hours.
CREATE TABLE automatic_acceptance (
    gateway_id          int PRIMARY KEY REFERENCES gateways ON DELETE CASCADE,
    things_per_day      int NOT NULL CHECK (things_per_day >= 0),
    datastreams_per_day int NOT NULL CHECK (datastreams_per_day >= 0),
    set_by              text NOT NULL,
    set_at              timestamptz NOT NULL DEFAULT now()
);
