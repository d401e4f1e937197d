-- Rules over gateways that are not heard: they have no indicator, and an alert of theirs has a gateway.
ALTER TABLE alert_rules
    ALTER COLUMN indicator DROP NOT NULL,
    DROP CONSTRAINT alert_rules_kind_check,
    DROP CONSTRAINT alert_rules_check,
    ADD CHECK (kind IN ('above', 'below', 'rise', 'missing', 'silent')),
    ADD CHECK ((threshold IS NULL) = (kind IN ('missing', 'silent'))),
    ADD CHECK ((indicator IS NULL) = (kind = 'silent'));
ALTER TABLE alerts ADD gateway_id int REFERENCES gateways;
DROP INDEX alerts_rule_id_area_id_idx;
CREATE UNIQUE INDEX ON alerts (rule_id, area_id) WHERE closed_at IS NULL AND gateway_id IS NULL;
CREATE UNIQUE INDEX ON alerts (rule_id, gateway_id) WHERE closed_at IS NULL AND gateway_id IS NOT NULL;
ALTER TABLE alert_history
    DROP CONSTRAINT alert_history_cause_check,
    ADD CHECK (cause IN ('value', 'gateway', 'operator', 'silence', 'escalation', 'rule', 'late_revision'));
