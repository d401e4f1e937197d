-- What is known of each Sparkplug edge node: written in the transaction of its messages, so that a message that the
-- broker sends again after a crash is judged against what was known before it.
CREATE TABLE sparkplug_sessions (
    gateway_id int PRIMARY KEY REFERENCES gateways ON DELETE CASCADE,
    group_id   text NOT NULL,
    online     boolean NOT NULL,
    stale      boolean NOT NULL,           -- messages are missing: a rebirth is asked for
    bd_seq     bigint,                     -- of the birth certificate, which the death certificate repeats
    seq        smallint NOT NULL,          -- of the last message, 0 to 255
    born       bigint,                     -- the birth certificate's timestamp, ms since 1970 UTC
    births     jsonb NOT NULL DEFAULT '{}',-- device id, '' for the edge node -> [[name, alias, data type], …]
    updated    timestamptz NOT NULL DEFAULT now()
);
