"""Who wants which event, what is kept of them, and how they look on the wire."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.live import hub
from api.live.event import Event, Kind, Selection, frame, heartbeat, notice
from api.live.ring import Ring


def event(position: int, kind: Kind = Kind.VALUE, **changes: object) -> Event:
    return Event(position, kind, b"", **changes)  # type: ignore[arg-type]


def test_what_is_chosen_by_one_thing_does_not_shut_out_what_has_it_not() -> None:
    chosen = Selection(
        kinds=frozenset(Kind),
        indicators=frozenset({"a"}),
        areas=frozenset({"193"}),
        datastreams=frozenset({7}),
    )
    here, there = frozenset({"193", "22"}), frozenset({"194"})
    assert chosen.wants(event(1, areas=here, indicator="a"))
    assert not chosen.wants(event(1, areas=there, indicator="a"))
    assert not chosen.wants(event(1, areas=here, indicator="b"))
    assert chosen.wants(event(1, Kind.RECOMPUTED, indicator="a"))
    assert not chosen.wants(event(1, Kind.RECOMPUTED, indicator="b"))
    assert chosen.wants(event(1, Kind.GATEWAY, areas=here))
    assert not chosen.wants(event(1, Kind.GATEWAY, areas=frozenset()))
    assert chosen.wants(event(1, Kind.OBSERVATION, areas=here, datastream=7))
    assert not chosen.wants(event(1, Kind.OBSERVATION, areas=here, datastream=8))
    assert not Selection(kinds=frozenset({Kind.ALERT})).wants(event(1))


def test_frames_are_what_the_standard_defines() -> None:
    assert frame("value", "{}", 7) == b"id: 7\nevent: value\ndata: {}\n\n"
    assert heartbeat(7) == b":\nid: 7\n\n"
    assert notice("end", {"detail": "two\nlines, Hạ Long"}).count(b"\n") == 3


@given(
    portions=st.lists(st.lists(st.integers(1, 3), max_size=20), max_size=20),
    size=st.integers(1, 30),
    after=st.integers(0, 400),
)
def test_a_ring_gives_everything_after_a_position_or_says_that_it_can_not(
    portions: list[list[int]], size: int, after: int
) -> None:
    """Positions have gaps, and portions end behind events that nobody sees."""
    ring, position, everything = Ring(size, 0), 0, []
    for gaps in portions:
        added = []
        for gap in gaps:
            position += gap
            added.append(event(position))
        position += 1
        ring.append(added, position)
        everything += [each.position for each in added]
    expected = [each for each in everything if each > after]
    if ring.knows(after):
        mark = ring.mark(after)
        assert ring.has(mark)
        assert [each.position for each in ring.read(mark, 10_000)] == expected
        assert mark + len(expected) == ring.end
    else:
        assert after > position or len(expected) > size
    assert len(ring.read(0, 10_000)) <= size + size // 8


def test_a_mark_that_is_gone_is_known_as_such() -> None:
    ring = Ring(8, 100)
    assert ring.knows(100)
    mark = ring.mark(100)
    ring.append([event(n) for n in range(101, 121)], 120)
    assert not ring.has(mark)
    assert not ring.knows(100)
    assert ring.knows(112)
    assert [each.position for each in ring.read(ring.mark(112), 3)] == [113, 114, 115]


def test_an_event_that_cannot_be_told_does_not_stop_the_others() -> None:
    def shape(row: dict[str, int]) -> Event | None:
        if row["position"] == 2:
            raise ValueError("no such category")
        return Event(row["position"], Kind.GATEWAY, b"") if row["position"] != 3 else None

    told = hub._told([{"position": position} for position in range(1, 5)], shape)

    assert [event.position for event in told] == [1, 4]
