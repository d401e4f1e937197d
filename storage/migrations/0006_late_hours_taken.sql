-- Late hours that analytics has taken out of late_hours and not yet computed again. They move, so that what comes
-- late while they are computed queues its hour once more and ingest waits for nobody. No key: a second row is harmless.
CREATE TABLE late_hours_taken (
    datastream_id int NOT NULL,
    hour          timestamptz NOT NULL
);
