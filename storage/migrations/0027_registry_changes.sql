-- Which version of a row somebody has read, for whoever changes it after others.
ALTER TABLE gateways            ADD version int NOT NULL DEFAULT 1, ADD changed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE things              ADD version int NOT NULL DEFAULT 1, ADD changed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE datastreams         ADD version int NOT NULL DEFAULT 1, ADD changed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE observed_properties ADD version int NOT NULL DEFAULT 1, ADD changed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE calibrations        ADD version int NOT NULL DEFAULT 1, ADD changed_at timestamptz NOT NULL DEFAULT now();

CREATE FUNCTION count_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD IS DISTINCT FROM NEW THEN
        NEW.version := OLD.version + 1;
        NEW.changed_at := now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER count_version BEFORE UPDATE ON gateways            FOR EACH ROW EXECUTE FUNCTION count_version();
CREATE TRIGGER count_version BEFORE UPDATE ON things              FOR EACH ROW EXECUTE FUNCTION count_version();
CREATE TRIGGER count_version BEFORE UPDATE ON datastreams         FOR EACH ROW EXECUTE FUNCTION count_version();
CREATE TRIGGER count_version BEFORE UPDATE ON observed_properties FOR EACH ROW EXECUTE FUNCTION count_version();
CREATE TRIGGER count_version BEFORE UPDATE ON calibrations        FOR EACH ROW EXECUTE FUNCTION count_version();

-- Who changed what, written by triggers in the transaction of the change: one line a row and transaction.
CREATE TABLE registry_changes (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time         timestamptz NOT NULL DEFAULT now(),
    transaction  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor        text NOT NULL,          -- the setting halong.actor, else the application and the database's user
    request_id   text,                   -- the setting halong.request_id
    kind         text NOT NULL,
    code         text NOT NULL,          -- what people call the row: see registry_code
    before       jsonb,                  -- null: it was created
    after        jsonb,                  -- null: it was deleted
    areas_before int[],                  -- ids of the areas where it stood; null: it stands in none
    areas_after  int[],
    action       text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN before IS NULL THEN 'create' WHEN after IS NULL THEN 'delete' ELSE 'change' END) STORED
);
CREATE UNIQUE INDEX ON registry_changes (kind, code, time, transaction);
CREATE INDEX ON registry_changes (time);
CREATE INDEX ON thing_areas (thing_id);
CREATE INDEX ON gateway_areas (gateway_id);

-- Where a row stands: ids of areas, null for what stands in none.
CREATE FUNCTION registry_areas(kind text, r jsonb) RETURNS int[] STABLE LANGUAGE sql AS $$
    SELECT CASE kind
        WHEN 'gateway' THEN ARRAY(SELECT area_id FROM gateway_areas WHERE gateway_id = (r->>'id')::int ORDER BY 1)
        WHEN 'gateway_password' THEN
            ARRAY(SELECT area_id FROM gateway_areas WHERE gateway_id = (r->>'gateway_id')::int ORDER BY 1)
        WHEN 'enrolment_token' THEN
            ARRAY(SELECT area_id FROM gateway_areas WHERE gateway_id = (r->>'gateway_id')::int ORDER BY 1)
        WHEN 'thing' THEN ARRAY(SELECT area_id FROM thing_areas WHERE thing_id = (r->>'id')::int ORDER BY 1)
        WHEN 'datastream' THEN
            ARRAY(SELECT area_id FROM thing_areas WHERE thing_id = (r->>'thing_id')::int ORDER BY 1)
        WHEN 'calibration' THEN
            ARRAY(SELECT area_id FROM thing_areas WHERE thing_id =
                (SELECT thing_id FROM datastreams WHERE id = (r->>'datastream_id')::int) ORDER BY 1)
    END
$$;

-- What is told of a row: codes for numbers, digests for secrets and outlines, nothing that changes by itself.
CREATE FUNCTION registry_values(kind text, r jsonb, stands_in int[]) RETURNS jsonb STABLE LANGUAGE sql AS $$
    SELECT r - '{id, singleton, version, changed_at, changed_by, created_at, recorded_at, last_used_at, gateway_id, thing_id,
                 observed_property_id, datastream_id, parent_id, predecessor_id, successor_id}'::text[]
        || coalesce((SELECT jsonb_object_agg(key, 'digest ' || left(encode(sha256(convert_to(value, 'UTF8')), 'hex'), 12))
                     FROM jsonb_each_text(r) WHERE key IN ('hash', 'boundary') AND value IS NOT NULL), '{}')
        || coalesce((SELECT jsonb_build_object('gateway', code) FROM gateways WHERE id = (r->>'gateway_id')::int), '{}')
        || coalesce((SELECT jsonb_build_object('thing', code) FROM things WHERE id = (r->>'thing_id')::int), '{}')
        || coalesce((SELECT jsonb_build_object('observed_property', code) FROM observed_properties
                     WHERE id = (r->>'observed_property_id')::int), '{}')
        || coalesce((SELECT jsonb_build_object('thing', t.code, 'observed_property', p.code)
                     FROM datastreams d JOIN things t ON t.id = d.thing_id
                     JOIN observed_properties p ON p.id = d.observed_property_id
                     WHERE d.id = (r->>'datastream_id')::int), '{}')
        || coalesce((SELECT jsonb_object_agg(of.name, a.code || '@' || a.valid_from)
                     FROM (VALUES ('parent', r->>'parent_id'), ('predecessor', r->>'predecessor_id'),
                                  ('successor', r->>'successor_id')) of (name, id)
                     JOIN areas a ON a.id = of.id::int), '{}')
        || CASE WHEN kind IN ('gateway', 'thing') THEN jsonb_build_object('areas', ARRAY(
               SELECT code || '@' || valid_from FROM areas WHERE id = ANY(stands_in) ORDER BY code, valid_from)) ELSE '{}' END
$$;

-- What people call a row whose values are v.
CREATE FUNCTION registry_code(kind text, r jsonb, v jsonb) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT coalesce(CASE kind
        WHEN 'area' THEN (r->>'code') || '@' || (r->>'valid_from')
        WHEN 'area_succession' THEN (v->>'predecessor') || ' > ' || (v->>'successor')
        WHEN 'datastream' THEN (v->>'thing') || '/' || (v->>'observed_property')
        WHEN 'calibration' THEN (v->>'thing') || '/' || (v->>'observed_property') || ' ' || (r->>'id')
        WHEN 'api_key' THEN r->>'prefix'
        WHEN 'gateway_password' THEN (v->>'gateway') || ' ' || (r->>'slot')
        WHEN 'enrolment_token' THEN (v->>'gateway') || ' ' || (r->>'id')
        WHEN 'certificate' THEN r->>'serial'
        ELSE r->>'code' END, kind || ' ' || (r->>'id'))
$$;

CREATE TYPE registry_state AS (code text, told jsonb, areas int[]);
CREATE FUNCTION state_of(kind text, r jsonb, stands_in int[]) RETURNS registry_state STABLE LANGUAGE sql AS $$
    SELECT ROW(registry_code(kind, r, v), v, stands_in)::registry_state FROM registry_values(kind, r, stands_in) v
$$;

-- Later changes of a transaction join the line of its first one; what ends as it began leaves none.
CREATE FUNCTION log_states(of_kind text, earlier registry_state[], later registry_state[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    undone bigint[];
BEGIN
    WITH lines AS (
        SELECT code, e.told AS before, l.told AS after, e.areas AS areas_before, l.areas AS areas_after
        FROM unnest(earlier) e FULL JOIN unnest(later) l USING (code)
    ), written AS (
        INSERT INTO registry_changes AS c (actor, request_id, kind, code, before, after, areas_before, areas_after)
        SELECT coalesce(nullif(current_setting('halong.actor', true), ''),
                        concat_ws(', ', nullif(current_setting('application_name'), ''), 'database user ' || session_user)),
               nullif(current_setting('halong.request_id', true), ''), of_kind, code, before, after, areas_before, areas_after
        FROM lines WHERE before IS DISTINCT FROM after
        ON CONFLICT (kind, code, time, transaction)
            DO UPDATE SET (after, areas_after) = (excluded.after, excluded.areas_after)
        RETURNING c.id, c.before, c.after
    )
    SELECT array_agg(id) INTO undone FROM written WHERE before IS NOT DISTINCT FROM after;
    DELETE FROM registry_changes WHERE id = ANY(undone);
END $$;

CREATE FUNCTION log_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_kind text := TG_ARGV[0];
    earlier registry_state[];
    later registry_state[];
BEGIN
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(state_of(of_kind, to_jsonb(r), registry_areas(of_kind, to_jsonb(r)))) INTO earlier FROM old_rows r;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(state_of(of_kind, to_jsonb(r), registry_areas(of_kind, to_jsonb(r)))) INTO later FROM new_rows r;
    END IF;
    PERFORM log_states(of_kind, earlier, later);
    RETURN NULL;
END $$;

-- A link to an area is a part of the thing or gateway that has it.
CREATE FUNCTION log_links() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_kind text := TG_ARGV[0];
    owners int[];
    linked registry_state[];
    others registry_state[];
BEGIN
    SELECT array_agg(owner), array_agg(state_of(of_kind, r, present)),
           array_agg(state_of(of_kind, r, CASE TG_OP
               WHEN 'INSERT' THEN ARRAY(SELECT unnest(present) EXCEPT SELECT unnest(changed) ORDER BY 1)
               ELSE ARRAY(SELECT unnest(present) UNION SELECT unnest(changed) ORDER BY 1) END))
    INTO owners, linked, others
    FROM (SELECT (to_jsonb(l)->>TG_ARGV[1])::int AS owner, array_agg(area_id) AS changed FROM links l GROUP BY 1) of
    CROSS JOIN LATERAL (
        SELECT to_jsonb(t) AS r FROM things t WHERE of_kind = 'thing' AND t.id = owner
        UNION ALL SELECT to_jsonb(g) FROM gateways g WHERE of_kind = 'gateway' AND g.id = owner) found
    CROSS JOIN LATERAL registry_areas(of_kind, r) present;
    PERFORM log_states(of_kind, others, linked);
    -- A row that this transaction has written has another version anyway.
    UPDATE things SET version = version + 1
    WHERE of_kind = 'thing' AND id = ANY(owners) AND changed_at <> now();
    UPDATE gateways SET version = version + 1
    WHERE of_kind = 'gateway' AND id = ANY(owners) AND changed_at <> now();
    RETURN NULL;
END $$;

-- Have a table's changes logged as those of a kind; see registry_code.
CREATE FUNCTION log_changes_of(of_table regclass, kind text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER log_inserted AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION log_rows(%L)', of_table, kind);
    EXECUTE format('CREATE TRIGGER log_updated AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION log_rows(%L)', of_table, kind);
    EXECUTE format('CREATE TRIGGER log_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION log_rows(%L)', of_table, kind);
END $$;
SELECT log_changes_of('city', 'city');
SELECT log_changes_of('areas', 'area');
SELECT log_changes_of('area_successions', 'area_succession');
SELECT log_changes_of('observed_properties', 'observed_property');
SELECT log_changes_of('device_models', 'device_model');
SELECT log_changes_of('gateways', 'gateway');
SELECT log_changes_of('things', 'thing');
SELECT log_changes_of('datastreams', 'datastream');
SELECT log_changes_of('calibrations', 'calibration');
SELECT log_changes_of('api_keys', 'api_key');
SELECT log_changes_of('certificates', 'certificate');
SELECT log_changes_of('alert_rules', 'alert_rule');
SELECT log_changes_of('gateway_passwords', 'gateway_password');
SELECT log_changes_of('enrolment_tokens', 'enrolment_token');
CREATE TRIGGER log_inserted AFTER INSERT ON thing_areas REFERENCING NEW TABLE AS links
    FOR EACH STATEMENT EXECUTE FUNCTION log_links('thing', 'thing_id');
CREATE TRIGGER log_deleted AFTER DELETE ON thing_areas REFERENCING OLD TABLE AS links
    FOR EACH STATEMENT EXECUTE FUNCTION log_links('thing', 'thing_id');
CREATE TRIGGER log_inserted AFTER INSERT ON gateway_areas REFERENCING NEW TABLE AS links
    FOR EACH STATEMENT EXECUTE FUNCTION log_links('gateway', 'gateway_id');
CREATE TRIGGER log_deleted AFTER DELETE ON gateway_areas REFERENCING OLD TABLE AS links
    FOR EACH STATEMENT EXECUTE FUNCTION log_links('gateway', 'gateway_id');
