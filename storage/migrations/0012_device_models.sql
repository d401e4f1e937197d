-- What the fields of a device's decoded LoRaWAN payload mean, by model, and by which DevEUI a device is known.
CREATE TABLE device_models (
    code    text PRIMARY KEY CHECK (code ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
    name    text NOT NULL,
    fields  jsonb NOT NULL,             -- path in the decoded object -> property, unit, factor, offset, text
    ignored jsonb NOT NULL DEFAULT '[]' -- paths that are not stored
);
CREATE TRIGGER notify_registry AFTER INSERT OR UPDATE OR DELETE ON device_models
    FOR EACH STATEMENT EXECUTE FUNCTION notify_registry();

ALTER TABLE things
    ADD COLUMN model   text REFERENCES device_models,
    ADD COLUMN dev_eui text UNIQUE CHECK (dev_eui ~ '^[0-9a-f]{16}$');  -- lower-case hexadecimal
