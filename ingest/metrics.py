"""What ingest counts, for Prometheus and for the table `ingest_metrics`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np
from prometheus_client import Counter, Gauge

from ingest.arrivals import ARRIVALS
from ingest.histogram import ArrayHistogram
from storage import arrivals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.batch import Batch, Entry
    from ingest.writer import Outcome

#: A reading older than this when it is committed is of a replay: a gateway sends its buffer, or a clock is
#: behind. Analytics computes a step of ten minutes when it has ended and settled; what is older comes late.
REPLAY_AFTER_S: Final = arrivals.REPLAY_AFTER_S
#: Two classes, however many gateways: who waits for what is live must not be told the age of buffers.
CLASSES: Final = ("live", "replay")

_WORK_S: Final = (
    0.001, 0.0015, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07,
    0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10,
)  # fmt: skip
_AGES_S: Final = (
    0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600,
    1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
)  # fmt: skip

RECEIVED = Counter("halong_ingest_messages_total", "Messages taken from the broker")
STORED = Counter("halong_ingest_observations_total", "Observations stored")
DUPLICATES = Counter("halong_ingest_duplicates_total", "Readings that were stored before")
REFUSED = Counter("halong_ingest_refused_total", "Readings refused, by reason", ["reason"])
DEFERRED = Counter(
    "halong_ingest_deferred_total", "Messages of gateways above their rate, kept until others are stored"
)
DEFERRED_WAITING = Gauge("halong_ingest_deferred_waiting", "Deferred messages that wait to be stored")
WRITE_RETRIES = Counter("halong_ingest_write_retries_total", "Batches tried again after a transient error")
IN_FLIGHT = Gauge("halong_ingest_in_flight", "Messages that the broker sent and ingest has not acknowledged")

BATCH_ROWS = ArrayHistogram(
    "halong_ingest_batch_rows",
    "Observations a batch",
    (1, 10, 30, 100, 300, 1000, 2000, 3000, 5000, 7000, 10_000, 15_000, 20_000, 30_000, 50_000),
)
COMMIT_SECONDS = ArrayHistogram(
    "halong_ingest_commit_seconds", "Writing of a batch up to its commit, with all tries", _WORK_S
)
MESSAGE_SECONDS = ArrayHistogram(
    "halong_ingest_message_seconds", "Arrival of a message at ingest up to its commit", _WORK_S, CLASSES
)
READING_SECONDS = ArrayHistogram(
    "halong_ingest_reading_seconds", "A reading's own time up to its commit", _AGES_S, CLASSES
)

GATEWAYS_WITH_GAPS = Gauge(
    "halong_ingest_gateways_with_gaps", "Gateways of which a numbered message is missing below the newest"
)
MISSING_SEQ = Gauge(
    "halong_ingest_missing_seq", "Numbered messages missing below the newest, of all gateways"
)
LATE_HOURS = Gauge("halong_ingest_late_hours", "Hours with late observations that wait for analytics")

BROKER_QUEUE_BYTES = Gauge("halong_broker_queue_bytes", "Payloads that the broker holds for everybody")
BROKER_QUEUE_MESSAGES = Gauge("halong_broker_queue_messages", "Messages that the broker holds for everybody")
BROKER_DROPPED = Gauge("halong_broker_dropped_messages", "Messages that the broker dropped since its start")
BROKER_CLIENTS = Gauge("halong_broker_clients", "Clients connected to the broker")
#: not known until the broker has told them
BROKER: Final = (BROKER_QUEUE_BYTES, BROKER_QUEUE_MESSAGES, BROKER_DROPPED, BROKER_CLIENTS)


def count_batch(batch: Batch, outcome: Outcome, began: float) -> None:
    """Count a batch whose commit has just been answered.

    Whole columns at a time, and readings of one message and time as one: about 0.4 µs a message.

    Args:
        batch: what was written.
        outcome: what the commit did.
        began: when writing began, s of time.monotonic().
    """
    done = time.monotonic()
    COMMIT_SECONDS.observe(np.array([done - began]))
    BATCH_ROWS.observe(np.array([len(batch.rows)], "f8"))
    STORED.inc(outcome.stored)
    DUPLICATES.inc(outcome.duplicates)
    present = time.time()
    begins, lengths = runs(batch.rows["time"], batch.owners)
    ages, owners = present - batch.rows["time"][begins] * 1e-6, batch.owners[begins]
    is_old = ages > REPLAY_AFTER_S
    READING_SECONDS.observe(ages, is_old, lengths)
    ARRIVALS.note(ages, owners, [e.gateway for e in batch.entries], present, lengths)
    if batch.heard is not None:
        return  # what was deferred: its messages were counted when they were acknowledged
    # A message is of a replay if its last reading is.
    of_replay = np.zeros(len(batch.entries), bool)
    of_replay[owners] = is_old
    arrived = np.fromiter((e.delivery.arrived for e in batch.entries), "f8", len(batch.entries))
    MESSAGE_SECONDS.observe(done - arrived, of_replay)


def runs(times: NDArray[np.int64], owners: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where runs of equal times of equal owners begin, and how long they are.

    Args:
        times: of readings, shape (n,).
        owners: their messages, shape (n,).

    Returns:
        Two arrays, shape (runs,).
    """
    is_other = np.ones(len(times), bool)
    is_other[1:] = (times[1:] != times[:-1]) | (owners[1:] != owners[:-1])
    begins = np.flatnonzero(is_other)
    return begins, np.diff(begins, append=len(times))


def count_refusals(entry: Entry) -> None:
    """Count what was refused of a message."""
    for refusal in entry.resolved.refusals.values():
        REFUSED.labels(refusal.reason).inc(refusal.count)


def total(counter: Counter) -> int:
    """Return what a counter has counted, over all its labels."""
    samples = (s for family in counter.collect() for s in family.samples)
    return round(sum(s.value for s in samples if s.name.endswith("_total")))


def value(metric: Gauge | Counter) -> float:
    """Return the value of a gauge or counter without labels."""
    (family,) = metric.collect()
    return family.samples[0].value
