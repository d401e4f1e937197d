-- How many observations of a site's step are suspect, which its areas' values tell.
-- Null: kept without it; such a value is computed again where it is wanted.
ALTER TABLE site_values ADD COLUMN suspect int;

-- Single observations that indicators with short steps read again at every step: a day of a rain gauge.
CREATE TABLE packed_hours (
    hour          timestamptz NOT NULL,
    datastream_id int NOT NULL,
    observations  bytea NOT NULL,        -- calibrated and flagged; rows of storage.observations.OBSERVATION
    PRIMARY KEY (hour, datastream_id)
);
ALTER TABLE packed_hours ALTER COLUMN observations SET STORAGE EXTERNAL;
