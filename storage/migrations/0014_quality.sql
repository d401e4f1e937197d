-- What quality control found, beside the observations: one row a flagged one. Nothing here changes `observations`.
CREATE TABLE observation_flags (
    time          timestamptz NOT NULL,
    datastream_id int         NOT NULL,
    flags         smallint    NOT NULL CHECK (flags > 0),  -- bitmask: see analytics.quality.Flag
    excluded      boolean     NOT NULL,  -- indicators leave the value out
    rule_version  text        NOT NULL,
    PRIMARY KEY (datastream_id, time)
);
SELECT create_hypertable('observation_flags', 'time', chunk_time_interval => interval '7 days',
                         create_default_indexes => false);

-- Indicators use gain * value + offset_ for valid_from <= time < valid_to.
CREATE TABLE calibrations (
    id            int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    datastream_id int         NOT NULL REFERENCES datastreams ON DELETE CASCADE,
    valid_from    timestamptz NOT NULL,
    valid_to      timestamptz NOT NULL DEFAULT 'infinity',
    gain          float8      NOT NULL DEFAULT 1 CHECK (gain <> 0),
    offset_       float8      NOT NULL DEFAULT 0,  -- in the unit of the observed property
    reference     text        NOT NULL,            -- certificate, colocation, reason
    recorded_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (valid_from < valid_to),
    -- A reading has one calibration; the range stands for the id, which needs no extension.
    EXCLUDE USING gist (int4range(datastream_id, datastream_id, '[]') WITH &&,
                        tstzrange(valid_from, valid_to) WITH &&)
);
