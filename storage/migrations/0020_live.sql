-- What streams of the API tell as it happens.

-- Written in the transaction of what it tells of, so that neither is without the other, and in no order that means
-- anything: a transaction that began earlier may commit later. Whoever tells moves it to live_events.
CREATE TABLE live_outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind       text NOT NULL CHECK (kind IN ('value', 'recomputed', 'alert')),
    indicator  text,
    area_id    int,
    time       timestamptz,              -- of a value: its step; of what was recomputed: the first step
    until      timestamptz,              -- … and the last one
    revision   int,
    history_id bigint                    -- of an alert's change
);

-- Numbered under a lock that is held up to the commit: who sees a position will never see a smaller one come after it.
CREATE TABLE live_events (
    position      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    written_at    timestamptz NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('value', 'recomputed', 'alert', 'gateway', 'observation', 'start')),
    indicator     text,
    area_id       int,
    time          timestamptz,
    until         timestamptz,
    revision      int,
    history_id    bigint,
    gateway_id    int,
    state         text,                  -- of the gateway
    datastream_id int
);
CREATE INDEX ON live_events (at);
CREATE INDEX ON live_events (datastream_id, time) WHERE kind = 'observation';

-- The state of each gateway that was told last.
CREATE TABLE live_gateways (
    gateway_id int PRIMARY KEY REFERENCES gateways ON DELETE CASCADE,
    state      text NOT NULL
);

-- Datastreams whose observations somebody follows, or did until a short time ago and may come back.
CREATE TABLE live_datastreams (
    datastream_id int PRIMARY KEY REFERENCES datastreams ON DELETE CASCADE,
    since         timestamptz NOT NULL,  -- what was measured up to here is not told
    told          timestamptz NOT NULL,  -- the newest that was told
    watched_until timestamptz NOT NULL
);

-- Where no API takes what is written, it is thrown away after a day; with it goes every cursor that would skip it.
CREATE FUNCTION live_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('halong_live', 'outbox');
    WITH lost AS (
        DELETE FROM live_outbox WHERE id IN (
            SELECT id FROM live_outbox
            WHERE id < (SELECT min(id) + 5000 FROM live_outbox) AND written_at < now() - interval '1 day'
            ORDER BY id FOR UPDATE SKIP LOCKED)
        RETURNING id
    ) DELETE FROM live_events WHERE EXISTS (SELECT FROM lost);
    RETURN NULL;
END $$;
CREATE TRIGGER live_written AFTER INSERT ON live_outbox FOR EACH STATEMENT EXECUTE FUNCTION live_written();

CREATE FUNCTION live_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO live_outbox (kind, history_id) SELECT 'alert', id FROM written ORDER BY id;
    RETURN NULL;
END $$;
CREATE TRIGGER live_alert AFTER INSERT ON alert_history REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION live_alert();

-- Written when a gateway says that it is online or offline, not with each message: ingest's usual path knows nothing of it.
CREATE FUNCTION live_gateway() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('halong_live', 'gateways');
    RETURN NULL;
END $$;
CREATE TRIGGER live_gateway AFTER INSERT ON gateway_status_history
    FOR EACH STATEMENT EXECUTE FUNCTION live_gateway();
