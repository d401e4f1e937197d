-- The console reads every few seconds which alerts are open; those that are over grow for ever.
CREATE INDEX alerts_open ON alerts (area_id) WHERE closed_at IS NULL;
