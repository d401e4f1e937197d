-- Hours that are over, added up once: what charts over weeks read instead of every row. Analytics call keep_hours() all
-- the time. What the Apache edition has as a view of all observations becomes one of these hours and of those after them.

-- Up to which hour each is added up.
CREATE TABLE kept_until (
    rollup text PRIMARY KEY,
    until  timestamptz NOT NULL
);

-- Readings of a gateway that arrived in an hour, as storage.arrivals tells them apart. These hours do not change.
CREATE TABLE arrival_hours (
    time       timestamptz NOT NULL,
    gateway_id int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    live       bigint NOT NULL,
    replayed   bigint NOT NULL,
    ahead      bigint NOT NULL,
    PRIMARY KEY (time, gateway_id)
);
-- Bins of storage.arrivals: what is ahead of the clock has the first one, a replay the last.
CREATE VIEW arrivals_split AS
SELECT a.time, a.gateway_id, b.live, b.replayed, b.ahead
FROM arrivals a CROSS JOIN LATERAL (
    SELECT coalesce(sum(n) FILTER (WHERE bin > -173 AND bin < 161), 0) AS live,
           coalesce(sum(n) FILTER (WHERE bin = 161), 0) AS replayed,
           coalesce(sum(n) FILTER (WHERE bin = -173), 0) AS ahead
    FROM unnest(a.bins, a.counts) AS u (bin, n)) b;
CREATE FUNCTION arrivals_in(from_ timestamptz, to_ timestamptz) RETURNS SETOF arrival_hours STABLE LANGUAGE sql AS $$
    SELECT time_bucket('1 hour', time), gateway_id, sum(live)::bigint, sum(replayed)::bigint, sum(ahead)::bigint
    FROM arrivals_split WHERE time >= from_ AND time < to_ GROUP BY 1, 2
$$;
CREATE VIEW arrivals_hourly AS
SELECT * FROM arrival_hours
UNION ALL
SELECT * FROM arrivals_in((SELECT coalesce(max(until), '-infinity') FROM kept_until WHERE rollup = 'arrivals'),
                          'infinity');

-- What each ingest process counted in an hour: counts added up, the median of medians, the worst of the rest.
CREATE TABLE ingest_hours (LIKE ingest_metrics, PRIMARY KEY (time, client_id));
CREATE FUNCTION ingest_in(from_ timestamptz, to_ timestamptz) RETURNS SETOF ingest_hours STABLE LANGUAGE sql AS $$
    SELECT time_bucket('1 hour', time), client_id, sum(seconds), sum(messages)::bigint, sum(observations)::bigint,
           sum(duplicates)::bigint, sum(refused)::bigint, sum(replayed)::bigint, sum(retries)::int, sum(batches)::int,
           sum(batch_rows * batches) / nullif(sum(batches), 0),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY commit_p50_ms), max(commit_p99_ms),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY message_p50_ms), max(message_p99_ms),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY reading_p50_ms), max(reading_p99_ms),
           max(in_flight), max(broker_queue_bytes), max(broker_queue_messages), max(broker_queue_limit),
           max(broker_clients), sum(broker_dropped)::bigint, max(gateways_with_gaps), max(missing_seq), max(late_hours)
    FROM ingest_metrics WHERE time >= from_ AND time < to_ GROUP BY 1, 2
$$;
CREATE VIEW ingest_hourly AS
SELECT * FROM ingest_hours
UNION ALL
SELECT * FROM ingest_in((SELECT coalesce(max(until), '-infinity') FROM kept_until WHERE rollup = 'ingest_metrics'),
                        'infinity');

--: apache
CREATE TABLE observation_hours (
    datastream_id int NOT NULL,
    bucket        timestamptz NOT NULL,
    n             bigint NOT NULL,
    n_suspect     bigint NOT NULL,
    mean          float8 NOT NULL,
    minimum       float8 NOT NULL,
    maximum       float8 NOT NULL,
    total         float8 NOT NULL,
    first         float8 NOT NULL,
    last          float8 NOT NULL,
    PRIMARY KEY (datastream_id, bucket)
);
SELECT create_hypertable('observation_hours', 'bucket', chunk_time_interval => interval '30 days',
                         create_default_indexes => false);
CREATE FUNCTION observations_in(from_ timestamptz, to_ timestamptz, first_ int, last_ int)
RETURNS SETOF observation_hours STABLE LANGUAGE sql AS $$
    SELECT datastream_id, time_bucket('1 hour', time), count(*), count(*) FILTER (WHERE quality <> 0),
           avg(value), min(value), max(value), sum(value), first(value, time), last(value, time)
    FROM observations WHERE time >= from_ AND time < to_ AND datastream_id BETWEEN first_ AND last_
    GROUP BY 1, 2
$$;
-- Not by the function: PostgreSQL would compute all of it before it looks at what is asked for.
CREATE OR REPLACE VIEW observations_hourly AS
SELECT * FROM observation_hours
UNION ALL
SELECT datastream_id, time_bucket('1 hour', time), count(*), count(*) FILTER (WHERE quality <> 0),
       avg(value), min(value), max(value), sum(value), first(value, time), last(value, time)
FROM observations
WHERE time >= (SELECT coalesce(max(until), '-infinity') FROM kept_until WHERE rollup = 'observations')
GROUP BY 1, 2;
--: end

-- The next hours of a hypertable that are to be added up, a day at most; null: none.
CREATE FUNCTION hours_to_keep(of_rollup text) RETURNS tstzrange LANGUAGE sql AS $$
    SELECT tstzrange(since, least(since + interval '1 day', ended))
    FROM (SELECT date_trunc('hour', now() - interval '1 hour', 'UTC') AS ended,
                 greatest((SELECT until FROM kept_until WHERE rollup = of_rollup),
                          (SELECT min(range_start) FROM timescaledb_information.chunks
                           WHERE hypertable_schema = current_schema() AND hypertable_name = of_rollup)) AS since) s
    WHERE since < ended
$$;
CREATE FUNCTION hours_are_kept(of_rollup text, hours tstzrange) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kept_until SELECT of_rollup, upper(hours) WHERE upper(hours) IS NOT NULL
    ON CONFLICT (rollup) DO UPDATE SET until = excluded.until
$$;

-- Adds up at most a day, up to the hours that ended an hour ago: what ingest stores in them afterwards it also queues in
-- late_hours. Returns whether there was any; one process does it at a time.
CREATE FUNCTION keep_hours() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    arrived tstzrange;
    counted tstzrange;
    observed tstzrange;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('halong.kept_hours')) THEN
        RETURN false;
    END IF;
    arrived := hours_to_keep('arrivals');
    INSERT INTO arrival_hours SELECT * FROM arrivals_in(lower(arrived), upper(arrived));
    PERFORM hours_are_kept('arrivals', arrived);
    counted := hours_to_keep('ingest_metrics');
    INSERT INTO ingest_hours SELECT * FROM ingest_in(lower(counted), upper(counted));
    PERFORM hours_are_kept('ingest_metrics', counted);
--: apache
    observed := hours_to_keep('observations');
    INSERT INTO observation_hours SELECT * FROM observations_in(lower(observed), upper(observed), 0, 2147483647)
    ORDER BY 1, 2 ON CONFLICT DO NOTHING;
    PERFORM hours_are_kept('observations', observed);
--: end
    RETURN num_nonnulls(arrived, counted, observed) > 0;
END $$;

-- Adds up again the hours that analytics has taken out of late_hours.
CREATE FUNCTION keep_late_hours() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
--: apache
    PERFORM pg_advisory_xact_lock(hashtext('halong.kept_hours'));
    INSERT INTO observation_hours
    SELECT o.* FROM (SELECT DISTINCT datastream_id AS id, hour FROM late_hours_taken) l
    CROSS JOIN LATERAL observations_in(l.hour, l.hour + interval '1 hour', l.id, l.id) o
    WHERE l.hour < (SELECT until FROM kept_until WHERE rollup = 'observations')
    ON CONFLICT (datastream_id, bucket) DO UPDATE
    SET (n, n_suspect, mean, minimum, maximum, total, first, last)
        = (excluded.n, excluded.n_suspect, excluded.mean, excluded.minimum, excluded.maximum, excluded.total,
           excluded.first, excluded.last);
--: end
END $$;
