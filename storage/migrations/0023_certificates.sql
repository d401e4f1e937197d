-- What the certificate authority has issued to gateways. By code, not by id: a certificate outlives its gateway's row.
CREATE TABLE certificates (
    serial     text PRIMARY KEY CHECK (serial ~ '^[0-9A-F]+$'),
    gateway    text NOT NULL,
    not_before timestamptz NOT NULL,
    not_after  timestamptz NOT NULL,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    issued_by  text NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    reason     text,
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (reason IS NULL))
);
CREATE INDEX ON certificates (gateway);
