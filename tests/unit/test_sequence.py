from __future__ import annotations

import pytest
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from ingest.feedback import committed_payload
from ingest.sequence import Committed, committed
from ingest.topics import down, parse_topic, up


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([], Committed(0, ())),
        ([(1, 5)], Committed(4, ())),
        ([(0, 5)], Committed(4, ())),
        ([(1, 5), (6, 9)], Committed(4, ((5, 5),))),
        ([(1, 5), (6, 9), (20, 21)], Committed(4, ((5, 5), (9, 19)))),
        ([(4711, 4712)], Committed(0, ((1, 4710),))),
    ],
)
def test_committed_is_what_has_no_gap_below(ranges: list[tuple[int, int]], expected: Committed) -> None:
    assert committed(Multirange([Range(low, high) for low, high in ranges])) == expected


def test_many_gaps_are_told_lowest_first_and_bounded() -> None:
    found = committed(Multirange([Range(2 * i, 2 * i + 1) for i in range(1, 1000)]))
    assert found.seq == 0
    assert found.missing[:2] == ((1, 1), (3, 3))
    assert len(found.missing) == 16


def test_payload_names_gaps_only_where_there_are_some() -> None:
    assert committed_payload(Committed(4711, ())) == b'{"seq":4711}'
    assert committed_payload(Committed(4, ((5, 5),))) == b'{"seq":4,"missing":[[5,5]]}'


def test_topics_of_the_contract() -> None:
    assert up("city/v1", "gw-1", "observations") == "city/v1/gw-1/up/observations"
    assert down("city/v1", "gw-1", "committed") == "city/v1/gw-1/down/committed"
    assert parse_topic("city/v1/gw-1/up/observations", "city/v1") == ("gw-1", "observations")
    assert parse_topic("city/v1/gw-1/up/status", "city/v1") == ("gw-1", "status")


@pytest.mark.parametrize(
    "topic",
    [
        "city/v1/gw-1/up",
        "city/v1/gw-1/down/observations",
        "city/v2/gw-1/up/status",
        "city/v1/GW/up/status",
        "city/v1//up/status",
        "",
    ],
)
def test_other_topics_are_none(topic: str) -> None:
    assert parse_topic(topic, "city/v1") is None
