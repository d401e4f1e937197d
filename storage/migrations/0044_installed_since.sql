-- What is registered while a city measures already stands where it stands from then on: before, nothing is expected of it.
-- What is registered before the first observation stands there since ever: its history may be loaded.
CREATE OR REPLACE FUNCTION note_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO installations (thing_id, valid_from, latitude, longitude)
        VALUES (NEW.id, CASE WHEN EXISTS (SELECT FROM observations) THEN now() ELSE '-infinity' END,
                NEW.latitude, NEW.longitude);
    ELSE
        UPDATE installations SET latitude = NEW.latitude, longitude = NEW.longitude
        WHERE thing_id = NEW.id AND valid_to = 'infinity';
    END IF;
    RETURN NULL;
END $$;

-- Who knows better since when it stands there corrects that, and its areas follow.
ALTER TABLE installation_areas
    DROP CONSTRAINT installation_areas_thing_id_valid_from_fkey,
    ADD FOREIGN KEY (thing_id, valid_from) REFERENCES installations ON UPDATE CASCADE ON DELETE CASCADE;
