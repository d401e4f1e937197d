-- One row a value. The key makes every write idempotent; there is no other index,
-- because each one would cost ingest more than the queries it serves.
CREATE TABLE observations (
    time          timestamptz NOT NULL,  -- phenomenonTime
    datastream_id int         NOT NULL,
    value         float8      NOT NULL,
    quality       smallint    NOT NULL DEFAULT 0,  -- 0 good, 1 suspect: see devices.model.Quality
    PRIMARY KEY (datastream_id, time)
);
SELECT create_hypertable('observations', 'time', chunk_time_interval => interval '1 day',
                         create_default_indexes => false);

CREATE VIEW latest_observations AS
SELECT d.id AS datastream_id, o.time, o.value, o.quality
FROM datastreams d
CROSS JOIN LATERAL (
    SELECT time, value, quality FROM observations
    WHERE datastream_id = d.id ORDER BY time DESC LIMIT 1
) o;

-- Hours that received observations after analytics had passed them.
CREATE TABLE late_hours (
    datastream_id int NOT NULL,
    hour          timestamptz NOT NULL,
    since         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (datastream_id, hour)
);

-- What could not be stored as sent: one row a message and reason, with the whole message.
CREATE TABLE refusals (
    time     timestamptz NOT NULL DEFAULT now(),  -- of receipt
    id       bigint GENERATED ALWAYS AS IDENTITY,
    gateway  text NOT NULL,      -- as the topic says: it may be unknown to the registry
    topic    text NOT NULL,
    seq      bigint,
    reason   text NOT NULL,
    at       text NOT NULL,      -- JSONPath of the first place
    detail   text NOT NULL,      -- about the first place
    count    int NOT NULL CHECK (count > 0),  -- readings that it stands for
    stored   boolean NOT NULL,   -- true: kept as suspect observations
    payload  bytea NOT NULL,
    PRIMARY KEY (time, id)
);
SELECT create_hypertable('refusals', 'time', chunk_time_interval => interval '7 days',
                         create_default_indexes => false);
CREATE INDEX ON refusals (gateway, time DESC);

CREATE TABLE gateway_status (
    gateway_id   int PRIMARY KEY REFERENCES gateways ON DELETE CASCADE,
    online       boolean,        -- as the gateway or its will said last; null: never said
    firmware     text,
    started      timestamptz,
    status_at    timestamptz,    -- when online was told
    last_seen    timestamptz,    -- when the last message of any kind came
    messages     bigint NOT NULL DEFAULT 0,
    -- every seq that is committed; the upper end of its first range is what down/committed tells
    received_seq int8multirange NOT NULL DEFAULT '{}'
);
CREATE TABLE gateway_status_history (
    gateway_id int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    time       timestamptz NOT NULL,
    online     boolean NOT NULL,
    firmware   text,
    PRIMARY KEY (gateway_id, time)
);
