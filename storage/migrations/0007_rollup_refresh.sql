-- Gateways may deliver what is months old, and a rollup that is refreshed at all answers from what it has stored:
-- the policy covers all of time, and each run computes only the hours that have changed since the one before.
--: community
SELECT remove_continuous_aggregate_policy('observations_hourly');
SELECT add_continuous_aggregate_policy('observations_hourly',
    start_offset => NULL, end_offset => interval '1 hour', schedule_interval => interval '30 minutes');
--: end
