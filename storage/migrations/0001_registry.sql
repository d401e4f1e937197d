-- Who may speak, what is measured, and where things stand (OGC SensorThings terms).

CREATE TABLE city (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    code       text NOT NULL,
    name_en    text NOT NULL,
    name_vi    text NOT NULL,
    time_zone  text NOT NULL,           -- IANA name; hours and days are cut in it
    properties jsonb NOT NULL DEFAULT '{}'
);

-- A code may be given to another unit after a reorganisation, so an area is (code, valid_from).
CREATE TABLE areas (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text NOT NULL,
    parent_id   int REFERENCES areas,
    level       text NOT NULL CHECK (level IN ('province', 'district', 'commune')),
    kind        text NOT NULL,          -- city, town, rural_district, ward, commune, special_zone …
    name_en     text NOT NULL,
    name_vi     text NOT NULL,
    population  int CHECK (population > 0),
    population_source text,
    area_km2    float8 CHECK (area_km2 > 0),
    latitude    float8 NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude   float8 NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    boundary    jsonb,                  -- GeoJSON geometry, WGS 84
    boundary_source text,               -- 'schematic' where computed from the centres
    reporting   boolean NOT NULL DEFAULT false,  -- indicators are computed for it
    valid_from  date NOT NULL,
    valid_to    date CHECK (valid_to > valid_from),  -- first day on which it is no longer in force
    properties  jsonb NOT NULL DEFAULT '{}',
    UNIQUE (code, valid_from)
);
CREATE INDEX ON areas (parent_id);

CREATE TABLE area_successions (
    predecessor_id int NOT NULL REFERENCES areas,
    successor_id   int NOT NULL REFERENCES areas,
    is_main        boolean NOT NULL,    -- the successor took most of its land from this predecessor
    PRIMARY KEY (predecessor_id, successor_id)
);

CREATE TABLE observed_properties (
    id             int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code           text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
    name_en        text NOT NULL,
    name_vi        text NOT NULL,
    unit           text NOT NULL,       -- UCUM
    minimum        float8 NOT NULL,     -- physical limits; outside them a value is stored as suspect
    maximum        float8 NOT NULL,
    aggregation    text NOT NULL,
    sampling_interval_s int NOT NULL CHECK (sampling_interval_s > 0),
    device_kind    text NOT NULL,
    cf_standard_name text,
    CHECK (minimum < maximum)
);

CREATE TABLE gateways (
    id            int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code          text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
    name          text NOT NULL,
    latitude      float8 NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude     float8 NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    heartbeat_s   int NOT NULL DEFAULT 300 CHECK (heartbeat_s > 0),
    enabled       boolean NOT NULL DEFAULT true,
    password_hash text,                 -- Mosquitto's $7$ form; null: may not log in
    properties    jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE things (
    id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
    gateway_id int NOT NULL REFERENCES gateways,
    name       text NOT NULL,
    kind       text NOT NULL,           -- air_station, rain_gauge, traffic_counter …
    latitude   float8 NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude  float8 NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    enabled    boolean NOT NULL DEFAULT true,
    properties jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON things (gateway_id);

-- Every area that a thing or a gateway counts for, of both generations of units, ancestors included.
CREATE TABLE thing_areas (
    thing_id int NOT NULL REFERENCES things ON DELETE CASCADE,
    area_id  int NOT NULL REFERENCES areas,
    PRIMARY KEY (area_id, thing_id)
);
CREATE TABLE gateway_areas (
    gateway_id int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    area_id    int NOT NULL REFERENCES areas,
    PRIMARY KEY (area_id, gateway_id)
);

CREATE TABLE datastreams (
    id                   int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thing_id             int NOT NULL REFERENCES things,
    observed_property_id int NOT NULL REFERENCES observed_properties,
    sampling_interval_s  int NOT NULL CHECK (sampling_interval_s > 0),
    enabled              boolean NOT NULL DEFAULT true,
    UNIQUE (thing_id, observed_property_id)
);

-- Ingest keeps the registry in memory; this tells it to read again.
CREATE FUNCTION notify_registry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('halong_registry', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE TRIGGER notify_registry AFTER INSERT OR UPDATE OR DELETE ON gateways
    FOR EACH STATEMENT EXECUTE FUNCTION notify_registry();
CREATE TRIGGER notify_registry AFTER INSERT OR UPDATE OR DELETE ON things
    FOR EACH STATEMENT EXECUTE FUNCTION notify_registry();
CREATE TRIGGER notify_registry AFTER INSERT OR UPDATE OR DELETE ON datastreams
    FOR EACH STATEMENT EXECUTE FUNCTION notify_registry();
CREATE TRIGGER notify_registry AFTER INSERT OR UPDATE OR DELETE ON observed_properties
    FOR EACH STATEMENT EXECUTE FUNCTION notify_registry();
