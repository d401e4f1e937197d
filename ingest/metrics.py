"""What ingest counts, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

RECEIVED = Counter("halong_ingest_messages_total", "Messages taken from the broker")
STORED = Counter("halong_ingest_observations_total", "Observations stored")
DUPLICATES = Counter("halong_ingest_duplicates_total", "Readings that were stored before")
REFUSED = Counter("halong_ingest_refused_total", "Readings refused, by reason", ["reason"])
BATCH_ROWS = Histogram(
    "halong_ingest_batch_rows", "Observations a batch", buckets=[1, 10, 100, 1000, 5000, 20000]
)
COMMIT_SECONDS = Histogram("halong_ingest_commit_seconds", "From the closing of a batch to its commit")
WRITE_RETRIES = Counter("halong_ingest_write_retries_total", "Batches tried again after a transient error")
IN_FLIGHT = Gauge("halong_ingest_in_flight", "Messages taken and not yet acknowledged")
