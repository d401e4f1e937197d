-- The declarations of analytics/indicators, written at each start so that SQL readers can join them.
CREATE TABLE indicators (
    code        text PRIMARY KEY,
    name_en     text NOT NULL,
    name_vi     text NOT NULL,
    unit        text NOT NULL,          -- UCUM
    step_s      int NOT NULL CHECK (step_s > 0),
    window_s    int NOT NULL CHECK (window_s > 0),
    version     int NOT NULL,
    declaration jsonb NOT NULL          -- everything else: description, source, inputs, categories …
);

-- One row a revision. A value that changes is superseded, never overwritten.
CREATE TABLE indicator_values (
    time          timestamptz NOT NULL,  -- start of the step
    indicator     text NOT NULL REFERENCES indicators,
    area_id       int NOT NULL REFERENCES areas,
    value         float8,                -- null: no value, and reason says why
    category      text,
    reason        text,
    completeness  float8 NOT NULL CHECK (completeness BETWEEN 0 AND 1),
    details       jsonb NOT NULL DEFAULT '{}',  -- dominant input, worst station, stations used
    version       int NOT NULL,          -- of the formula
    revision      int NOT NULL,
    computed_at   timestamptz NOT NULL DEFAULT now(),
    superseded_at timestamptz,
    PRIMARY KEY (indicator, area_id, time, revision),
    CHECK ((value IS NULL) = (reason IS NOT NULL))
);
SELECT create_hypertable('indicator_values', 'time', chunk_time_interval => interval '30 days',
                         create_default_indexes => false);
CREATE UNIQUE INDEX ON indicator_values (indicator, area_id, time) WHERE superseded_at IS NULL;
