from __future__ import annotations

from ingest.batch import Batcher, Entry
from ingest.mqtt import Delivery
from ingest.resolve import Resolved
from storage.observations import empty


def entry(rows: int, start: int = 0, payload: bytes = b"") -> Entry:
    delivery = Delivery("t", payload, None, False, False, 1, 1)
    sent = empty(rows)
    sent["datastream_id"], sent["time"], sent["value"], sent["quality"] = (
        start,
        range(start, start + rows),
        0.5,
        0,
    )
    return Entry(delivery, "gw", Resolved(1, rows=sent.tobytes()))


def test_closes_on_rows_and_never_splits_a_delivery() -> None:
    batcher = Batcher(max_rows=10, max_deliveries=100, max_age=1.0)
    assert batcher.add(entry(6), 0.0) is None
    batch = batcher.add(entry(7, 50), 0.1)
    assert batch is not None
    assert batch.rows["time"].tolist() == [*range(6), *range(50, 57)]
    assert batch.owners.tolist() == [0] * 6 + [1] * 7
    assert batcher.due is None


def test_closes_on_deliveries() -> None:
    batcher = Batcher(max_rows=10, max_deliveries=2, max_age=1.0)
    assert batcher.add(entry(0), 0.0) is None
    batch = batcher.add(entry(0), 0.0)
    assert batch is not None
    assert len(batch.entries) == 2
    assert len(batch.rows) == 0


def test_closes_on_bytes_of_payload() -> None:
    batcher = Batcher(max_rows=10, max_deliveries=10, max_age=1.0, max_bytes=100)
    assert batcher.add(entry(0, payload=bytes(99)), 0.0) is None
    batch = batcher.add(entry(0, payload=b"1"), 0.0)
    assert batch is not None
    assert len(batch.entries) == 2
    assert batcher.add(entry(0, payload=bytes(99)), 0.0) is None


def test_age_counts_from_the_first_delivery() -> None:
    batcher = Batcher(max_rows=10, max_deliveries=10, max_age=0.5)
    assert batcher.close() is None
    batcher.add(entry(1), 7.0)
    batcher.add(entry(1), 7.4)
    assert batcher.due == 7.5
    batch = batcher.close()
    assert batch is not None
    assert len(batch.entries) == 2
