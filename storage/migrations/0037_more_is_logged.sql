-- Planned maintenance, sensors, automatic acceptance and who is logged in at the console stand in the log, too.
ALTER TABLE sensors ADD version int NOT NULL DEFAULT 1, ADD changed_at timestamptz NOT NULL DEFAULT now();
CREATE TRIGGER count_version BEFORE UPDATE ON sensors FOR EACH ROW EXECUTE FUNCTION count_version();

-- In PL/pgSQL, which runs only what is of the row's kind: they are called for every row of an import.
CREATE OR REPLACE FUNCTION registry_areas(kind text, r jsonb) RETURNS int[] STABLE LANGUAGE plpgsql AS $$
DECLARE
    thing int := CASE WHEN kind = 'thing' THEN r->>'id' WHEN kind IN ('datastream', 'maintenance_window') THEN r->>'thing_id' END;
    gateway int := CASE WHEN kind = 'gateway' THEN r->>'id' WHEN kind IN
        ('gateway_password', 'enrolment_token', 'automatic_acceptance', 'maintenance_window') THEN r->>'gateway_id' END;
BEGIN
    IF kind IN ('calibration', 'sensor') THEN
        thing := (SELECT thing_id FROM datastreams WHERE id = (r->>'datastream_id')::int);
    END IF;
    IF thing IS NOT NULL THEN
        RETURN ARRAY(SELECT area_id FROM thing_areas WHERE thing_id = thing ORDER BY 1);
    ELSIF gateway IS NOT NULL THEN
        RETURN ARRAY(SELECT area_id FROM gateway_areas WHERE gateway_id = gateway ORDER BY 1);
    ELSIF kind = 'maintenance_window' THEN
        RETURN ARRAY(SELECT id FROM areas WHERE code = r->>'area' ORDER BY 1);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION registry_values(kind text, r jsonb, stands_in int[]) RETURNS jsonb STABLE LANGUAGE plpgsql AS $$
DECLARE
    told jsonb := r - '{id, singleton, version, changed_at, changed_by, created_at, recorded_at, last_used_at, gateway_id,
                        thing_id, observed_property_id, datastream_id, parent_id, predecessor_id, successor_id}'::text[];
BEGIN
    IF r ?| '{hash, boundary}' THEN
        told := told || coalesce(
            (SELECT jsonb_object_agg(key, 'digest ' || left(encode(sha256(convert_to(value, 'UTF8')), 'hex'), 12))
             FROM jsonb_each_text(r) WHERE key IN ('hash', 'boundary') AND value IS NOT NULL), '{}');
    END IF;
    IF r->>'gateway_id' IS NOT NULL THEN
        told := told || coalesce((SELECT jsonb_build_object('gateway', code) FROM gateways
                                  WHERE id = (r->>'gateway_id')::int), '{}');
    END IF;
    IF r->>'thing_id' IS NOT NULL THEN
        told := told || coalesce((SELECT jsonb_build_object('thing', code) FROM things
                                  WHERE id = (r->>'thing_id')::int), '{}');
    END IF;
    IF r->>'observed_property_id' IS NOT NULL THEN
        told := told || coalesce((SELECT jsonb_build_object('observed_property', code) FROM observed_properties
                                  WHERE id = (r->>'observed_property_id')::int), '{}');
    END IF;
    IF r->>'datastream_id' IS NOT NULL THEN
        told := told || coalesce((SELECT jsonb_build_object('thing', t.code, 'observed_property', p.code)
                                  FROM datastreams d JOIN things t ON t.id = d.thing_id
                                  JOIN observed_properties p ON p.id = d.observed_property_id
                                  WHERE d.id = (r->>'datastream_id')::int), '{}');
    END IF;
    IF kind IN ('area', 'area_succession') THEN
        told := told || coalesce(
            (SELECT jsonb_object_agg(of.name, a.code || '@' || a.valid_from)
             FROM (VALUES ('parent', r->>'parent_id'), ('predecessor', r->>'predecessor_id'),
                          ('successor', r->>'successor_id')) of (name, id)
             JOIN areas a ON a.id = of.id::int), '{}');
    ELSIF kind IN ('gateway', 'thing') THEN
        told := told || jsonb_build_object('areas', ARRAY(
            SELECT code || '@' || valid_from FROM areas WHERE id = ANY(stands_in) ORDER BY code, valid_from));
    END IF;
    RETURN told;
END $$;

CREATE OR REPLACE FUNCTION state_of(kind text, r jsonb, stands_in int[]) RETURNS registry_state STABLE LANGUAGE plpgsql AS $$
DECLARE
    told jsonb := registry_values(kind, r, stands_in);
BEGIN
    RETURN ROW(registry_code(kind, r, told), told, stands_in)::registry_state;
END $$;

CREATE OR REPLACE FUNCTION registry_code(kind text, r jsonb, v jsonb) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT coalesce(CASE kind
        WHEN 'area' THEN (r->>'code') || '@' || (r->>'valid_from')
        WHEN 'area_succession' THEN (v->>'predecessor') || ' > ' || (v->>'successor')
        WHEN 'datastream' THEN (v->>'thing') || '/' || (v->>'observed_property')
        WHEN 'calibration' THEN (v->>'thing') || '/' || (v->>'observed_property') || ' ' || (r->>'id')
        WHEN 'sensor' THEN (v->>'thing') || '/' || (v->>'observed_property') || ' ' || (r->>'id')
        WHEN 'api_key' THEN r->>'prefix'
        WHEN 'gateway_password' THEN (v->>'gateway') || ' ' || (r->>'slot')
        WHEN 'enrolment_token' THEN (v->>'gateway') || ' ' || (r->>'id')
        WHEN 'automatic_acceptance' THEN v->>'gateway'
        WHEN 'maintenance_window' THEN r->>'id'
        WHEN 'certificate' THEN r->>'serial'
        WHEN 'console_session' THEN (r->>'subject') || ' ' || right(v->>'hash', 12)
        ELSE r->>'code' END, kind || ' ' || (r->>'id'))
$$;

SELECT log_changes_of('maintenance_windows', 'maintenance_window');
SELECT log_changes_of('sensors', 'sensor');
SELECT log_changes_of('automatic_acceptance', 'automatic_acceptance');
SELECT log_changes_of('console_sessions', 'console_session');
