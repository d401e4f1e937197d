-- What gateways send above their rate while others wait: acknowledged once it stands here, decoded and stored after
-- what the others send. A row is deleted in the transaction that stores its observations.
CREATE TABLE deferred_messages (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    arrived      timestamptz NOT NULL DEFAULT now(),
    topic        text NOT NULL,
    content_type text,
    duplicate    boolean NOT NULL,  -- it may have come before
    payload      bytea NOT NULL
);
-- LZ4 costs less processor time than writing the whole payload does; pglz, the default, costs far more.
DO $$ BEGIN
    ALTER TABLE deferred_messages ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN  -- a PostgreSQL built without LZ4
    ALTER TABLE deferred_messages ALTER COLUMN payload SET STORAGE EXTERNAL;
END $$;
