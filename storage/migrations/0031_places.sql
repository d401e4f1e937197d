-- Where things stand and stood. An observation belongs to where its thing stood at its time.
CREATE TABLE installations (
    thing_id    int NOT NULL REFERENCES things ON DELETE CASCADE,
    valid_from  timestamptz NOT NULL DEFAULT '-infinity',
    valid_to    timestamptz NOT NULL DEFAULT 'infinity',   -- first instant at which it stands elsewhere
    latitude    float8 NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude   float8 NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    place       text,                -- in words: roof of the school
    recorded_by text,                -- null: registered with the thing
    reason      text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (thing_id, valid_from),
    CHECK (valid_from < valid_to),
    -- A thing stands in one place; the range stands for the id, which needs no extension.
    EXCLUDE USING gist (int4range(thing_id, thing_id, '[]') WITH &&, tstzrange(valid_from, valid_to) WITH &&)
);
INSERT INTO installations (thing_id, latitude, longitude) SELECT id, latitude, longitude FROM things;

-- Areas of places that were taken back: with the thing's hours their values are computed again, without it.
CREATE TABLE retracted_areas (
    thing_id int NOT NULL REFERENCES things ON DELETE CASCADE,
    area_id  int NOT NULL REFERENCES areas,
    PRIMARY KEY (thing_id, area_id)
);

-- A thing is registered where it stands; who corrects its position corrects that of its present installation.
CREATE FUNCTION note_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO installations (thing_id, latitude, longitude) VALUES (NEW.id, NEW.latitude, NEW.longitude);
    ELSE
        UPDATE installations SET latitude = NEW.latitude, longitude = NEW.longitude
        WHERE thing_id = NEW.id AND valid_to = 'infinity';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_first_place AFTER INSERT ON things FOR EACH ROW EXECUTE FUNCTION note_place();
CREATE TRIGGER note_place AFTER UPDATE OF latitude, longitude ON things FOR EACH ROW
    WHEN ((OLD.latitude, OLD.longitude) IS DISTINCT FROM (NEW.latitude, NEW.longitude))
    EXECUTE FUNCTION note_place();

-- The areas of each installation, of every generation of units, ancestors included.
ALTER TABLE thing_areas RENAME TO installation_areas;
ALTER TABLE installation_areas
    ADD valid_from timestamptz NOT NULL DEFAULT '-infinity',
    DROP CONSTRAINT thing_areas_pkey,
    ADD PRIMARY KEY (area_id, thing_id, valid_from),
    ADD FOREIGN KEY (thing_id, valid_from) REFERENCES installations ON DELETE CASCADE;
ALTER TABLE installation_areas ALTER valid_from DROP DEFAULT;
CREATE INDEX ON installation_areas (thing_id, valid_from);

-- Those of the present ones: what is written here leaves the others alone.
CREATE VIEW thing_areas AS
SELECT thing_id, area_id FROM installation_areas l
WHERE EXISTS (SELECT FROM installations i
              WHERE (i.thing_id, i.valid_from) = (l.thing_id, l.valid_from) AND i.valid_to = 'infinity');
CREATE FUNCTION enter_present_installation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT valid_from INTO NEW.valid_from FROM installations WHERE thing_id = NEW.thing_id AND valid_to = 'infinity';
    RETURN NEW;
END $$;
CREATE TRIGGER enter_present_installation BEFORE INSERT ON installation_areas FOR EACH ROW
    WHEN (NEW.valid_from IS NULL) EXECUTE FUNCTION enter_present_installation();

-- The areas of the present installation are a part of the thing (log_links): they change with the installation too.
CREATE FUNCTION log_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earlier registry_state[];
    later registry_state[];
BEGIN
    SELECT array_agg(state_of('thing', to_jsonb(t), ARRAY(
               SELECT l.area_id FROM old_rows o
               JOIN installation_areas l ON (l.thing_id, l.valid_from) = (o.thing_id, o.valid_from)
               WHERE o.thing_id = t.id AND o.valid_to = 'infinity' ORDER BY 1))),
           array_agg(state_of('thing', to_jsonb(t), registry_areas('thing', to_jsonb(t))))
    INTO earlier, later
    FROM things t WHERE t.id IN (SELECT thing_id FROM old_rows);
    PERFORM log_states('thing', earlier, later);
    RETURN NULL;
END $$;
CREATE TRIGGER log_moves AFTER UPDATE ON installations REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_moves();

-- What a code means when: the unit that has it; before its first unit that one, after its last unit the last.
CREATE VIEW area_meanings AS
SELECT id, code,
       CASE WHEN lag(id) OVER generations IS NULL THEN '-infinity' ELSE begins END AS valid_from,
       coalesce(lead(begins) OVER generations, 'infinity') AS valid_to
FROM (SELECT id, code,
             valid_from::timestamp AT TIME ZONE coalesce((SELECT time_zone FROM city), 'UTC') AS begins
      FROM areas) a
WINDOW generations AS (PARTITION BY code ORDER BY begins);
