-- Whether a message that the broker may have sent before was refused before: found by its payload, of which a
-- gateway may have refused millions. A hash index would be slow where one payload comes again and again.
CREATE INDEX refusals_payload ON refusals (substr(sha256(payload), 1, 8));
