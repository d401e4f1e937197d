-- Where gateways stood before. Where each stands is in gateways and gateway_areas, since the last valid_to.
CREATE TABLE gateway_stays (
    gateway_id int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to   timestamptz NOT NULL,        -- first instant at which it stood elsewhere
    latitude   float8 NOT NULL,
    longitude  float8 NOT NULL,
    areas      int[] NOT NULL,              -- ids, of every generation of units, ancestors included
    moved_by   text NOT NULL,
    reason     text,
    moved_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway_id, valid_from),
    CHECK (valid_from < valid_to AND valid_to < 'infinity')
);
