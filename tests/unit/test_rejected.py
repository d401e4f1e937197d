"""What `down/rejected` tells of several refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingest.rejected import MAX_OTHERS, MAX_OTHERS_BYTES, Pending, Told, rejected_payload, told_of
from ingest.resolve import Refusal, Resolved

NOW = datetime(2026, 11, 22, 1, 15, 2, 113_482, tzinfo=UTC)


def told(seq: int | None, reason: str = "unknown_device", count: int = 1, detail: str = "words") -> Told:
    return told_of(seq, Refusal(reason, "$.readings[1].device", detail, count=count), NOW)


def told_together(*refusals: Told, most: int = MAX_OTHERS) -> dict[str, Any]:
    pending = Pending(most)
    for each in refusals:
        pending.add(each)
    return json.loads(pending.payload())  # type: ignore[no-any-return]


def test_one_refusal_is_told_alone() -> None:
    stored = NOW - timedelta(seconds=3)
    refusal = Refusal(
        "value_out_of_range", "$.readings[0].pm10", "too much", stored=True, count=2, time=stored
    )
    assert told_together(told_of(0, refusal, NOW)) == {
        "seq": 0,
        "reason": "value_out_of_range",
        "at": "$.readings[0].pm10",
        "detail": "too much",
        "stored": True,
        "count": 2,
        "time": "2026-11-22T01:14:59.113482Z",
    }


def test_the_first_is_at_the_top_and_the_others_follow_in_order() -> None:
    found = told_together(told(None, "not_decodable"), told(16, count=2), told(16, "value_not_finite", 4))
    assert (found["reason"], "seq" in found, found["count"], "more" in found) == (
        "not_decodable",
        False,
        7,
        False,
    )
    assert [(each["seq"], each["reason"], each["count"]) for each in found["others"]] == [
        (16, "unknown_device", 2),
        (16, "value_not_finite", 4),
    ]
    assert found["others"][0] == {
        "seq": 16,
        "reason": "unknown_device",
        "at": "$.readings[1].device",
        "detail": "words",
        "stored": False,
        "count": 2,
        "time": "2026-11-22T01:15:02.113482Z",
    }


def test_what_goes_beyond_the_list_is_counted() -> None:
    found = told_together(*(told(seq, detail="") for seq in range(MAX_OTHERS + 8)))
    assert [each["seq"] for each in found["others"]] == list(range(1, MAX_OTHERS + 1))
    assert (found["more"], found["count"]) == (7, MAX_OTHERS + 8)
    alone = told_together(told(1), told(2), told(3), most=0)
    assert (alone["seq"], "others" in alone, alone["more"], alone["count"]) == (1, False, 2, 3)


def test_details_are_left_out_before_a_refusal_is() -> None:
    found = told_together(*(told(seq, detail="w" * 200) for seq in range(MAX_OTHERS)))
    assert len(found["detail"]) == 200
    assert [each.get("detail") for each in found["others"]] == [None] * (MAX_OTHERS - 1)
    assert "more" not in found


def test_too_fast_is_told_first_and_once() -> None:
    found = told_together(
        told(1), told(2), told(None, "rate_limited", 5), told(3), told(None, "rate_limited", 7)
    )
    assert (found["reason"], found["count"]) == ("rate_limited", 15)
    assert [each["seq"] for each in found["others"]] == [1, 2, 3]
    full = told_together(*map(told, range(MAX_OTHERS + 1)), told(None, "rate_limited"))
    assert (full["reason"], full["others"][0]["seq"], full["more"]) == ("rate_limited", 0, 1)


def test_what_could_not_be_sent_stays_before_what_came_later() -> None:
    unsent, later = Pending(), Pending()
    for seq in range(3):
        unsent.add(told(seq))
    for seq in range(3, 40):
        later.add(told(seq, detail=""))
    unsent.absorb(later)
    found = json.loads(unsent.payload())
    assert [found["seq"], *(each["seq"] for each in found["others"])] == list(range(MAX_OTHERS + 1))
    assert (found["count"], found["more"]) == (40, 40 - 1 - MAX_OTHERS)


@given(st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from('\0"\\'), max_size=400), min_size=1))
def test_no_message_is_large_and_none_is_forgotten(texts: list[str]) -> None:
    refusals = []
    for text in texts:
        resolved = Resolved(1, seq=(1 << 63) - 2)
        resolved.refuse("unknown_property", text, text)
        refusals += [told_of(resolved.seq, each, NOW) for each in resolved.refusals.values()]
    assert_bounded(refusals)


def test_no_message_is_large_though_every_character_is_escaped() -> None:
    resolved = Resolved(1)
    resolved.refuse("unknown_property", "\0" * 1000, "\0" * 1000)
    assert_bounded([told_of((1 << 63) - 2, *resolved.refusals.values(), NOW)] * 50)


def assert_bounded(refusals: list[Told]) -> None:
    payload = rejected_payload(refusals, len(refusals))
    found = json.loads(payload)
    others = found.get("others", [])
    assert len(payload) < 8192
    assert (
        sum(len(json.dumps(each, ensure_ascii=False, separators=(",", ":"))) for each in others)
        <= MAX_OTHERS_BYTES
    )
    assert 1 + len(others) + found.get("more", 0) == len(refusals)
