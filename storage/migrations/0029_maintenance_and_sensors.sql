-- Planned work on a thing, on a gateway with all its things, or in an area with all that stands in it: left out of
-- availability if it was recorded before it began, and nobody is told that a gateway is silent meanwhile.
CREATE TABLE maintenance_windows (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thing_id   int REFERENCES things ON DELETE CASCADE,
    gateway_id int REFERENCES gateways ON DELETE CASCADE,
    area       text,                    -- code, of every generation
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    reason     text NOT NULL CHECK (reason ~ '\S'),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_by   text,                    -- who ended it before its time
    CHECK (num_nonnulls(thing_id, gateway_id, area) = 1),
    CHECK (ends_at >= starts_at)        -- equal: it was called off
);
CREATE INDEX ON maintenance_windows (ends_at);

-- Which sensor a datastream's values came from, for valid_from <= time < valid_to.
CREATE TABLE sensors (
    id            int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    datastream_id int NOT NULL REFERENCES datastreams ON DELETE CASCADE,
    model         text NOT NULL CHECK (model ~ '\S'),
    maker         text NOT NULL DEFAULT '',
    serial_number text NOT NULL DEFAULT '',
    firmware      text NOT NULL DEFAULT '',
    valid_from    timestamptz NOT NULL,
    valid_to      timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by   text NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (valid_from < valid_to),
    -- One sensor at a time; the range stands for the id, which needs no extension.
    EXCLUDE USING gist (int4range(datastream_id, datastream_id, '[]') WITH &&,
                        tstzrange(valid_from, valid_to) WITH &&)
);
