-- Community edition: a real-time continuous aggregate. Apache edition: a view of the same name, columns and body.
CREATE ROLLUP observations_hourly AS
SELECT datastream_id,
       time_bucket('1 hour', time) AS bucket,
       count(*)                    AS n,
       count(*) FILTER (WHERE quality <> 0) AS n_suspect,
       avg(value)                  AS mean,
       min(value)                  AS minimum,
       max(value)                  AS maximum,
       sum(value)                  AS total,
       first(value, time)          AS first,
       last(value, time)           AS last
FROM observations
GROUP BY datastream_id, bucket;

--: community
SELECT add_continuous_aggregate_policy('observations_hourly',
    start_offset => interval '3 days', end_offset => interval '1 hour', schedule_interval => interval '30 minutes');
ALTER TABLE observations SET (timescaledb.compress,
    timescaledb.compress_segmentby = 'datastream_id', timescaledb.compress_orderby = 'time');
SELECT add_compression_policy('observations', interval '7 days');
--: end
