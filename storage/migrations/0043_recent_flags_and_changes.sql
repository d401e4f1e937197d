-- What was flagged, and which gateways went offline, in the last day: over all things and gateways at once.
CREATE INDEX ON observation_flags (time) INCLUDE (datastream_id, flags);
CREATE INDEX ON gateway_status_history (time);
