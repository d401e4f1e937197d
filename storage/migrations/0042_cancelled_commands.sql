-- A command that is not begun can be called off.
ALTER TABLE commands
    DROP CONSTRAINT commands_state_check,
    DROP CONSTRAINT commands_check1,
    ADD CONSTRAINT commands_state_check CHECK (state IN (
        'queued', 'sent', 'expired', 'cancelled', 'acknowledged', 'timed_out', 'done', 'failed')),
    ADD CONSTRAINT commands_ended_check CHECK (
        (ended_at IS NOT NULL) = (state IN ('expired', 'cancelled', 'timed_out', 'done', 'failed')));
