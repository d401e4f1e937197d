-- What ingest counts, for who reads only the database. Each process writes a row every ten seconds, and drops what
-- is older than thirty days.
CREATE TABLE ingest_metrics (
    time              timestamptz NOT NULL DEFAULT now(),
    client_id         text NOT NULL,    -- of the ingest process at the broker
    seconds           float8 NOT NULL CHECK (seconds > 0),  -- of which the row tells, up to `time`
    -- of this process in these seconds
    messages          bigint NOT NULL,
    observations      bigint NOT NULL,
    duplicates        bigint NOT NULL,
    refused           bigint NOT NULL,
    replayed          bigint NOT NULL,  -- readings that were older than ten minutes when they were committed
    retries           int NOT NULL,
    batches           int NOT NULL,
    batch_rows        float8,           -- mean
    commit_p50_ms     float8,
    commit_p99_ms     float8,
    message_p50_ms    float8,           -- arrival at ingest to commit, of messages that are no replay
    message_p99_ms    float8,
    reading_p50_ms    float8,           -- a reading's own time to its commit, without replays
    reading_p99_ms    float8,
    -- of this process at `time`
    in_flight         int NOT NULL,
    -- of the whole system at `time`, the same in every process's rows; null: not told by the broker, not asked yet
    broker_queue_bytes    bigint,
    broker_queue_messages bigint,
    broker_queue_limit    bigint,       -- bytes, as ingest is set
    broker_clients        int,
    broker_dropped        bigint,       -- in these seconds
    gateways_with_gaps    int,
    missing_seq           bigint,
    late_hours            bigint,       -- that wait for analytics
    PRIMARY KEY (time, client_id)
);
SELECT create_hypertable('ingest_metrics', 'time', chunk_time_interval => interval '1 day',
                         create_default_indexes => false);

-- Gateways that lack a numbered message below their newest one, as ingest.sequence.committed reads the ranges:
-- numbers begin at 1, or 0. Most gateways lack none, and are passed over by two looks at the ends.
CREATE VIEW gateway_gaps AS
SELECT s.gateway_id,
       upper(s.received_seq) - 1 AS newest,
       upper(s.received_seq) - least(lower(s.received_seq), 1) - r.received AS missing,
       r.ranges - (lower(s.received_seq) <= 1)::int AS gaps
FROM gateway_status s
CROSS JOIN LATERAL (
    SELECT sum(upper(r) - lower(r))::bigint AS received, count(*)::int AS ranges FROM unnest(s.received_seq) r
) r
WHERE lower(s.received_seq) > 1 OR s.received_seq <> int8multirange(range_merge(s.received_seq));
