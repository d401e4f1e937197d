-- Two passwords of a gateway may be valid at once while it changes from one to the other. Mosquitto knows one
-- password a user, so the second has a user name of its own, CODE~2 (devices/model.py).
CREATE TABLE gateway_passwords (
    gateway_id int NOT NULL REFERENCES gateways ON DELETE CASCADE,
    slot       smallint NOT NULL CHECK (slot IN (1, 2)),
    hash       text NOT NULL,               -- Mosquitto's $7$ form
    created_at timestamptz NOT NULL DEFAULT now(),
    valid_to   timestamptz,                 -- null: until it is replaced or revoked
    PRIMARY KEY (gateway_id, slot)
);
INSERT INTO gateway_passwords (gateway_id, slot, hash)
SELECT id, 1, password_hash FROM gateways WHERE password_hash IS NOT NULL;
ALTER TABLE gateways DROP COLUMN password_hash;

-- The broker's files follow the identities; a password is nothing that ingest would have to read the registry for.
CREATE FUNCTION notify_identities() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('halong_identities', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE TRIGGER notify_identities AFTER INSERT OR UPDATE OR DELETE ON gateway_passwords
    FOR EACH STATEMENT EXECUTE FUNCTION notify_identities();
CREATE TRIGGER notify_identities AFTER INSERT OR UPDATE OR DELETE ON certificates
    FOR EACH STATEMENT EXECUTE FUNCTION notify_identities();
CREATE TRIGGER notify_identities AFTER INSERT OR UPDATE OF code, enabled OR DELETE ON gateways
    FOR EACH STATEMENT EXECUTE FUNCTION notify_identities();
