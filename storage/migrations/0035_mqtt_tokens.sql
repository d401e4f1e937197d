-- Short-lived users of the broker for browsers. Their passwords are kept by that broker alone, as hashes.
CREATE TABLE mqtt_tokens (
    user_name   text PRIMARY KEY,
    owner       text NOT NULL,              -- who asked, as `key 1a2b3c4d`
    key_prefix  text REFERENCES api_keys (prefix) ON DELETE CASCADE,   -- null: not by a key
    key_version int,                        -- what the key might do then; with another version the token ends
    reach       int[],                      -- ids of areas; null: the whole city
    gateways    text[],                     -- codes; null: every gateway
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,                -- before its time, by who asked for it
    CHECK (expires_at > created_at),
    CHECK ((key_prefix IS NULL) = (key_version IS NULL)),
    CHECK (reach IS NULL OR gateways IS NOT NULL)
);
CREATE INDEX ON mqtt_tokens (owner);
CREATE INDEX ON mqtt_tokens (expires_at);

-- Gateways whose messages may be read by who reaches these areas: they stand in one, and nothing on them elsewhere.
CREATE FUNCTION gateways_within(reach int[]) RETURNS SETOF text STABLE LANGUAGE sql AS $$
    SELECT g.code FROM gateways g
    WHERE g.enabled AND (reach IS NULL OR (
        EXISTS (SELECT FROM gateway_areas a WHERE a.gateway_id = g.id AND a.area_id = ANY(reach))
        AND NOT EXISTS (SELECT FROM things t WHERE t.gateway_id = g.id AND NOT EXISTS (
            SELECT FROM thing_areas a WHERE a.thing_id = t.id AND a.area_id = ANY(reach)))))
$$;

-- The broker for browsers is told of what ends.
CREATE FUNCTION notify_mqtt_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('halong_mqtt_tokens', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE TRIGGER notify_mqtt_tokens AFTER INSERT OR UPDATE ON mqtt_tokens
    FOR EACH STATEMENT EXECUTE FUNCTION notify_mqtt_tokens();
CREATE TRIGGER notify_mqtt_tokens AFTER UPDATE OF revoked_at, expires_at, version OR DELETE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION notify_mqtt_tokens();

-- Who got one, and who ended one; that those which have expired are removed is nobody's deed.
CREATE FUNCTION log_mqtt_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_states('mqtt_token', mqtt_token_states(CASE TG_OP WHEN 'UPDATE' THEN ARRAY[OLD] END),
                       mqtt_token_states(ARRAY[NEW]));
    RETURN NULL;
END $$;
CREATE FUNCTION mqtt_token_states(tokens mqtt_tokens[]) RETURNS registry_state[] IMMUTABLE LANGUAGE sql AS $$
    SELECT array_agg(ROW(t.user_name, jsonb_build_object(
        'owner', t.owner, 'gateways', cardinality(t.gateways), 'expires_at', t.expires_at, 'ended_at', t.ended_at),
        t.reach)::registry_state) FROM unnest(tokens) t
$$;
CREATE TRIGGER log_mqtt_tokens AFTER INSERT OR UPDATE ON mqtt_tokens
    FOR EACH ROW EXECUTE FUNCTION log_mqtt_tokens();
