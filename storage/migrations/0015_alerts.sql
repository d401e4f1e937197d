-- Rules over indicator values, what they found, who was told.

-- A rule that is deleted stays, for the history and so that an import does not bring it back.
CREATE TABLE alert_rules (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
    indicator   text NOT NULL,          -- no reference: a rule may be imported before the indicators are written
    kind        text NOT NULL CHECK (kind IN ('above', 'below', 'rise', 'missing')),
    threshold   float8 CHECK ((threshold IS NULL) = (kind = 'missing')),  -- rise: in units an hour
    clear       float8,                 -- it ends on the other side of this; null: of the threshold
    hold_min    int NOT NULL DEFAULT 0 CHECK (hold_min >= 0),
    severity    text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    name_en     text NOT NULL,
    name_vi     text NOT NULL,
    areas       text[] NOT NULL DEFAULT '{}',    -- codes; empty: all that report
    levels      text[] NOT NULL DEFAULT '{}',    -- of areas; empty: all
    escalation  jsonb NOT NULL DEFAULT '[]',     -- [{"target": name, "after_min": minutes}, …] in order of time
    enabled     boolean NOT NULL DEFAULT true,
    version     int NOT NULL DEFAULT 1,          -- rises with each change
    changed_by  text,                            -- null: as the city's profile has it
    changed_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz
);

-- Up to which value each rule has looked at each area.
CREATE TABLE alert_watches (
    rule_id      int NOT NULL REFERENCES alert_rules,
    area_id      int NOT NULL REFERENCES areas,
    time         timestamptz NOT NULL,
    revision     int NOT NULL,
    rule_version int NOT NULL,
    PRIMARY KEY (rule_id, area_id)
);

CREATE TABLE alerts (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id       int NOT NULL REFERENCES alert_rules,
    area_id       int NOT NULL REFERENCES areas,
    state         text NOT NULL
                  CHECK (state IN ('inactive', 'pending', 'active', 'acknowledged', 'silenced', 'resolved')),
    since         timestamptz NOT NULL,  -- end of the first step that broke the rule
    value         float8,                -- the last one, and the end of its step
    value_end     timestamptz NOT NULL,
    peak          float8,                -- the worst one
    activated_at  timestamptz,
    announced_at  timestamptz,           -- the minutes of the escalation count from here
    told          int NOT NULL DEFAULT 0,        -- steps of the escalation that are done
    acknowledged  boolean NOT NULL DEFAULT false,
    closed_at     timestamptz,
    retrospective boolean NOT NULL DEFAULT false, -- found in late data after it was over
    CHECK ((closed_at IS NOT NULL) = (state IN ('inactive', 'resolved')))
);
CREATE UNIQUE INDEX ON alerts (rule_id, area_id) WHERE closed_at IS NULL;
CREATE INDEX ON alerts (area_id, since);
CREATE INDEX ON alerts (since);

CREATE TABLE alert_history (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id   bigint NOT NULL REFERENCES alerts ON DELETE CASCADE,
    time       timestamptz NOT NULL,
    before     text NOT NULL,
    after      text NOT NULL,
    cause      text NOT NULL
               CHECK (cause IN ('value', 'operator', 'silence', 'escalation', 'rule', 'late_revision')),
    actor      text NOT NULL,           -- who; 'halong' where nobody did it
    note       text NOT NULL DEFAULT '',
    value      float8,
    value_time timestamptz,             -- start of the step
    revision   int
);
CREATE INDEX ON alert_history (alert_id, id);

-- Null stands for all of them; an area's parts are not meant.
CREATE TABLE alert_silences (
    id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id    int REFERENCES alert_rules,
    area       text,
    alert_id   bigint REFERENCES alerts ON DELETE CASCADE,
    starts_at  timestamptz NOT NULL DEFAULT now(),
    ends_at    timestamptz NOT NULL,
    reason     text NOT NULL CHECK (reason <> ''),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_by   text,                    -- who ended it before its time
    CHECK (ends_at > starts_at OR ended_by IS NOT NULL)
);

-- Written in the transaction of the transition that it tells of, sent after it. Holds no address and no secret.
CREATE TABLE alert_notifications (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key           uuid NOT NULL DEFAULT gen_random_uuid(),  -- the same at each attempt
    alert_id      bigint NOT NULL REFERENCES alerts ON DELETE CASCADE,
    history_id    bigint NOT NULL REFERENCES alert_history ON DELETE CASCADE,
    channel       text NOT NULL CHECK (channel IN ('mqtt', 'webhook', 'email')),
    target        text NOT NULL,        -- its name in HALONG_ALERT_TARGETS; for mqtt the area's code
    created_at    timestamptz NOT NULL DEFAULT now(),
    due_at        timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,
    attempts      int NOT NULL DEFAULT 0,
    sent_at       timestamptz,
    gave_up_at    timestamptz,
    last_error    text,
    UNIQUE (alert_id, history_id, channel, target)
);
CREATE INDEX ON alert_notifications (due_at) WHERE sent_at IS NULL AND gave_up_at IS NULL;
CREATE INDEX ON alert_notifications (alert_id, channel, target);

-- Revisions before this instant have been looked at.
CREATE TABLE alert_cursor (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    revised   timestamptz NOT NULL
);
INSERT INTO alert_cursor (revised) VALUES (now());
CREATE INDEX indicator_values_revised ON indicator_values (computed_at) WHERE revision > 1;
