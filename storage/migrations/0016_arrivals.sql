-- How long readings took from their own time to their commit, counted by ingest: a row for each gateway and five
-- minutes. Counts of bins can be added up over gateways, processes and time; percentiles can't.
CREATE TABLE arrivals (
    time       timestamptz NOT NULL,  -- start of the five minutes in which the readings were committed
    gateway_id int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    client_id  text NOT NULL,         -- of the ingest process at the broker
    started    timestamptz NOT NULL,  -- when that process began: what it counted before is another row
    bins       smallint[] NOT NULL,   -- see storage.arrivals
    counts     int[] NOT NULL,        -- readings in each of them
    PRIMARY KEY (time, gateway_id, client_id, started)
);
SELECT create_hypertable('arrivals', 'time', chunk_time_interval => interval '7 days',
                         create_default_indexes => false);
